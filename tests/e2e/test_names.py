"""A user's own folders may have our import names: in dodo.py ours are meant, in work and checks the user's."""

from __future__ import annotations

import sys

import pytest

NAMES = ("phases", "criteria", "orchestrator", "config", "tests")


@pytest.mark.parametrize("package", [True, False], ids=["with __init__", "without __init__"])
@pytest.mark.parametrize("command", [None, [sys.executable, "-m", "doit"]], ids=["doit", "python -m doit"])
def test_own_folders_break_nothing(project, package, command):
    for name in NAMES:
        project.write(f"{name}/mine.py", f"NAME = 'my {name}'\ndef main():\n    open('{name}.txt', 'w').write(NAME)\n")
        project.write(
            f"{name}/ask.py", f"def holds():\n    from {name}.mine import NAME\n    return NAME == 'my {name}'\n"
        )
        if package:
            project.write(f"{name}/__init__.py", "")
    calls = {f"use-{name}": {"call": f"{name}.mine:main", "outputs": [f"{name}.txt"]} for name in NAMES}
    imports = "import " + ", ".join(f"{name}.mine" for name in NAMES)
    project.phases(
        {**calls, "module": {"run": f"python -c '{imports}; print(criteria.mine.NAME)'"}},
        {f"use-{name}": [{"file": f"{name}.txt"}, {"check": f"{name}.ask:holds"}] for name in NAMES},
    )
    project.process(command=command).done("module", *calls)
    assert project.read("criteria.txt") == "my criteria"
    for look in (["list"], ["status"], ["info", "use-phases"], ["clean"], ["forget"]):
        project.process(*look, command=command).ended(0)
    project.process(command=command).done("module", *calls)
