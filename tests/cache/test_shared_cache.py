"""Two clones with one cache, a folder or S3: what one made the other does not run."""

from __future__ import annotations

import itertools
import json
import os
import shutil

import pytest

_numbers = itertools.count()

IN, RAN = "in.txt", "ran.txt"
PHASES = {
    "make": {
        "run": "echo make >> ran.txt; mkdir -p build/d/empty; echo $PARAM_N > build/d/n.txt; date +%N > build/d/time;"
        " ln -sfn n.txt build/d/link; cp in.txt build/tool; chmod 755 build/tool",
        "inputs": [IN],
        "params": {"n": 1},
        "outputs": ["build/d", "build/tool"],
    },
    "each": {
        "run": "echo each >> ran.txt; cat build/d/time > build/{who}.txt",
        "inputs": ["build/d"],
        "matrix": {"who": ["x", "y"]},
        "outputs": ["build/{who}.txt"],
    },
}
CRITERIA = {"make": [{"file": "build/tool"}], "each": [{"file": "build/x.txt"}]}


class Clones:
    """Projects with one plan and one cache."""

    def __init__(self, new_project, url, options, environment):
        self._new = new_project
        self.cache = {"url": url, "options": options}
        self.environment = environment

    def new(self, name, phases=PHASES, criteria=CRITERIA, **cache):
        clone = self._new(name).phases(phases, criteria, cache={**self.cache, **cache})
        clone.write(IN, "in")
        around = clone.environment
        clone.environment = lambda **more: around(**{**self.environment, **more})
        return clone


@pytest.fixture
def folder(new_project, tmp_path):
    """Clones with a folder."""
    return Clones(new_project, "../shared", {}, {})


@pytest.fixture(params=["folder", "s3"])
def clones(request, new_project, tmp_path):
    if request.param == "folder":
        return request.getfixturevalue("folder")
    s3 = request.getfixturevalue("s3")
    bucket = s3.bucket(f"shared-{os.getpid()}-{next(_numbers)}")
    options = {"endpoint_url": s3.endpoint, "key": "${S3_KEY}", "secret": "${S3_SECRET}"}
    around = {"S3_KEY": s3.options["key"], "S3_SECRET": s3.options["secret"], "NO_PROXY": "127.0.0.1"}
    return Clones(new_project, f"{bucket}/some/prefix", options, around)


def digests(project):
    ran = project.doit("status", "--json")
    assert ran.code == 0, ran
    return {phase["phase"]: phase["digest"] for phase in json.loads(ran.out)["phases"]}


def tree(project):
    """Every path below build/: what a file holds and whether it may be executed, where a link leads."""
    found = {}
    for path in sorted((project.root / "build").rglob("*")):
        name = str(path.relative_to(project.root))
        if path.is_symlink():
            found[name] = os.readlink(path)
        else:
            found[name] = None if path.is_dir() else (path.read_bytes(), os.access(path, os.X_OK))
    return found


def events(project, event):
    return [json.loads(data) for (data,) in project.query(f"select data from journal where event = '{event}'")]


# -- what is restored -----------------------------------------------------------------------------------------


def test_the_second_clone_runs_nothing_and_ends_with_the_same_digests(clones):
    one, other = clones.new("one"), clones.new("other")
    one.doit().done("make", "each")
    ran = other.doit().done("make", "each")
    assert one.counts() == {"make": 1, "each": 2}
    assert other.counts() == {}
    assert ran.out.count("restored") == 2
    assert tree(other) == tree(one)
    assert "build/d/empty" in tree(other)
    assert digests(other) == digests(one)
    assert events(other, "attempt.started") == []
    other.doit().nothing()
    one.doit().nothing()
    assert not any((other.root / ".doit" / "incoming").glob("*"))


def test_jobs_that_begin_together_end_alike(clones):
    """One puts there what another one restores at the same time."""
    jobs = [clones.new(f"job{number}") for number in range(3)]
    processes = [job.start() for job in jobs]
    for process in processes:
        out, _ = process.communicate(timeout=200)
        assert process.returncode == 0, out
    last = clones.new("last")
    last.doit().done("make", "each")
    assert last.counts() == {}
    assert tree(last)["build/x.txt"] == tree(last)["build/d/time"]


def test_votes_cross_too(clones):
    plan = {"make": {**PHASES["make"], "approval": "manual"}}
    one, other = clones.new("one", plan, {}), clones.new("other", plan, {})
    one.doit().ended(4)
    one.doit("approve", "make", "-m", "good").ended(0)
    other.doit().done("make")
    one.doit("revoke", "make").ended(0)
    clones.new("third", plan, {}).doit().ended(4)


def test_no_text_of_the_state_has_the_secret(clones):
    one = clones.new("one")
    ran = one.doit()
    assert "a-secret-of-the-tests" not in ran.out + ran.err
    for path in [one.root / ".doit.db", *(one.root / ".doit").rglob("*")]:
        if path.is_file():
            assert b"a-secret-of-the-tests" not in path.read_bytes()


@pytest.mark.parametrize("options", [(), ("--no-cache",)])
def test_works_do_not_get_the_credentials(new_project, options):
    """Whoever has them can vote."""
    plan = {"a": {"run": "env > env.txt"}, "b": {"run": "echo $K > b.txt", "env": {"K": "${MY_KEY}"}}}
    cache = {
        "url": "../shared",
        "options": {"key": "${MY_KEY}", "more": {"secret": "x-${MY_SECRET}"}, "host": "${MY_HOST}"},
    }
    project = new_project("one").phases(plan, cache=cache)
    project.doit(*options, env={"MY_KEY": "1234567", "MY_SECRET": "7654321", "MY_HOST": "h"}).done("a", "b")
    assert "MY_HOST=h" in project.read("env.txt")
    assert "1234567" not in project.read("env.txt")
    assert "7654321" not in project.read("env.txt")
    assert project.read("b.txt") == "1234567\n"


def test_who_made_it_is_told(folder):
    folder.new("one").doit()
    other = folder.new("other")
    other.doit()
    [made] = [data["made"] for data in events(other, "attempt.restored")][:1]
    assert made["attempt"] == 1
    assert made["host"] == os.uname().nodename
    assert len(made["by"]) == 1
    other.doit("history").ended(0, "attempt.restored  make:run", f"made by attempt 1 of {made['by'][0]} on")
    other.doit("status").ended(0, "restored")
    [first, _] = json.loads(other.doit("status", "--json").out)["phases"]
    assert first["restored"]["made"]["run"] == made["run"]
    assert first["attempts"] == 0
    assert other.doit("history", "--verify").code == 0
    assert other.doit("report", "-o", "report.html").code == 0
    assert f"on <bdi>{os.uname().nodename}</bdi> had made it" in other.read("report.html")
    other.doit("logs", "make").ended(3, "make was restored from", "made by attempt 1 of", "where its log is")
    assert json.loads(other.doit("logs", "make", "--json").out) == {"attempts": []}
    assert other.doit("plan").code == 0


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("the input", lambda p: p.write(IN, "other")),
        (
            "the definition",
            lambda p: p.config("phases", {"phases": {**PHASES, "make": {**PHASES["make"], "params": {"n": 2}}}}),
        ),
        ("the salt", lambda p: p.config("orchestrator", {"cache": {"url": "../shared", "salt": "3.12"}})),
    ],
)
def test_what_is_other_is_run(folder, what, change):
    folder.new("one").doit()
    other = folder.new("other")
    change(other)
    other.doit().done("make", "each")
    assert other.counts()["make"] == 1


def test_a_salt_may_name_a_variable(folder):
    folder.new("one", salt="${OS}-1").doit(env={"OS": "linux"}).done("make", "each")
    folder.new("same", salt="${OS}-1").doit(env={"OS": "linux"})
    other = folder.new("other", salt="${OS}-1")
    other.doit(env={"OS": "macos"})
    assert other.counts() == {"make": 1, "each": 2}
    other.write(IN, "y")
    other.doit().ended(3, "config/orchestrator.json:3:", "the cache names ${OS}, which is neither")


def test_what_was_there_before_is_replaced(folder):
    folder.new("one").doit()
    other = folder.new("other")
    other.write("build/d/old/file", "old")
    other.write("build/tool/is/a/folder", "old")
    other.doit().done("make", "each")
    assert not (other.root / "build/d/old").exists()
    assert (other.root / "build/tool").is_file()


def test_a_stale_phase_is_restored_too(folder):
    one, other = folder.new("one"), folder.new("other")
    one.doit()
    other.doit()
    one.write(IN, "new")
    one.doit()
    other.write(IN, "new")
    other.doit().done("make", "each")
    assert other.counts() == {}
    assert tree(one) == tree(other)


def test_a_gate_is_judged_again_on_what_was_restored(folder):
    criteria = {"make": [{"metric": "n", "from": "build/d/n.txt", "at": "([0-9]+)", "pass": ">= 1"}]}
    folder.new("one", criteria=criteria).doit().done("make", "each")
    stricter = {"make": [{"metric": "n", "from": "build/d/n.txt", "at": "([0-9]+)", "pass": ">= 2"}]}
    other = folder.new("other", criteria=stricter)
    other.doit().ended(1, "failed", "restored", "`doit forget make` and `doit` make its outputs anew")
    assert other.counts() == {}
    other.doit("forget", "make")
    other.doit().ended(1)
    assert other.counts() == {"make": 1}


# -- what is not ----------------------------------------------------------------------------------------------


def test_what_its_criteria_refused_is_not_put_there(folder):
    """It may have been the whim of one attempt, and would fail everywhere."""
    criteria = {"make": [{"metric": "n", "from": "build/d/n.txt", "at": "([0-9]+)", "pass": ">= 2"}]}
    folder.new("one", criteria=criteria).doit().ended(1)
    other = folder.new("other", criteria=criteria)
    other.doit().ended(1)
    assert other.counts() == {"make": 1}


def test_the_works_that_a_matrix_did_are_kept_although_one_failed(folder):
    each = {**PHASES["each"], "run": PHASES["each"]["run"] + "; test {who} = x || test ! -e fail"}
    one = folder.new("one", {**PHASES, "each": each})
    one.write("fail", "")
    one.doit().ended(1)
    other = folder.new("other", {**PHASES, "each": each})
    other.doit().done("make", "each")
    assert other.counts() == {"each": 1}


@pytest.mark.parametrize(
    "how",
    [
        {"always": True},
        {"cache": False},
        {"outputs": []},
        {"run": "echo p >> ran.txt; mkdir -p build; ln -s ../in.txt build/p"},
        {"run": "echo p >> ran.txt; mkdir -p build; echo >> in.txt; echo > build/p", "inputs": [IN]},
    ],
    ids=["always", "cache: false", "no outputs", "a link out of the outputs", "an input that is written to"],
)
def test_these_run_in_each_clone(folder, how):
    plan = {"p": {"run": "echo p >> ran.txt; mkdir -p build; echo x > build/p", "outputs": ["build/p"], **how}}
    ran = folder.new("one", plan, {}).doit()
    assert "Traceback" not in ran.out + ran.err
    other = folder.new("other", plan, {})
    other.doit()
    assert other.counts() == {"p": 1}


def test_a_work_without_outputs_that_says_so_is_done_once(folder):
    plan = {"notify": {"run": "echo notify >> ran.txt", "inputs": [IN], "cache": True, "approval": "manual"}}
    one, other, third = (folder.new(name, plan, {}) for name in ("one", "other", "third"))
    one.doit().ended(4)
    one.doit("approve", "notify")
    one.doit().done("notify")
    other.doit().done("notify")
    assert other.counts() == {}
    assert digests(one) == digests(other)
    third.doit("--no-cache").ended(4)
    assert digests(third) != digests(one)  # another attempt, on which nobody voted


def test_always_and_cache_do_not_go_together(folder):
    clone = folder.new("one", {"p": {"run": "true", "always": True, "cache": True}}, {})
    clone.doit().ended(3, "config/phases.json", "p says cache: true, and always: true")


def test_execute_always_means_what_it_says(folder):
    folder.new("one").doit()
    other = folder.new("other")
    other.doit("-a").done("make", "each")
    assert other.counts() == {"make": 1, "each": 2}
    third = folder.new("third")
    third.doit()
    assert tree(third) == tree(other)  # its entry took the place of the one before


def test_forget_means_make_it_anew(folder):
    one, other = folder.new("one"), folder.new("other")
    one.doit()
    other.doit()
    other.doit("forget", "make")
    other.doit().done("make", "each")
    assert other.counts()["make"] == 1
    other.write(IN, "new")
    one.write(IN, "new")
    one.doit()
    other.doit()
    assert other.counts()["make"] == 1


def test_no_cache_neither_reads_nor_writes(folder, tmp_path):
    one, other = folder.new("one"), folder.new("other")
    one.doit("--no-cache").done("make", "each")
    assert not (tmp_path / "shared").exists()
    other.doit()
    assert other.counts() == {"make": 1, "each": 2}
    one.doit("--no-cache", "-a")
    assert one.counts() == {"make": 2, "each": 4}


@pytest.mark.parametrize(("one", "other"), [({"write": False}, {}), ({}, {"read": False})])
def test_reading_and_writing_may_be_forbidden(folder, one, other):
    folder.new("one", **one).doit().done("make", "each")
    clone = folder.new("other", **other)
    clone.doit()
    assert clone.counts() == {"make": 1, "each": 2}


# -- what is wrong --------------------------------------------------------------------------------------------


def test_a_cache_that_cannot_be_written_is_a_note(folder, tmp_path):
    (tmp_path / "shared").write_text("in the way")
    ran = folder.new("one").doit().done("make", "each")
    assert ran.out.count("note:") == 1, ran
    assert "not put into the cache: make, each" in ran.out


@pytest.mark.usefixtures("s3fs")
def test_a_server_that_is_not_there_is_a_note(new_project):
    options = {"endpoint_url": "http://127.0.0.1:9", "key": "k", "secret": "s"}
    clones = Clones(new_project, "s3://bucket", options, {"NO_PROXY": "127.0.0.1"})
    ran = clones.new("one", timeout=2).doit().done("make", "each")
    assert "this run goes on without the cache: s3://bucket" in ran.out
    assert ran.out.count("note:") == 2, ran


@pytest.mark.parametrize(
    ("cache", "parts"),
    [
        ({"url": "s3n://b"}, ["config/orchestrator.json:3:", "s3n"]),
        ({"url": ""}, ["cache.url is empty"]),
        ({"read": True}, ["cache has no url"]),
        ({"url": "x", "reed": True}, ["unknown key 'reed' in cache"]),
        ({"url": "x", "timeout": 0}, ["in no time nothing answers"]),
        ({"url": "x", "wait": "soon"}, ["soon"]),
        ({"url": "s3://b", "options": {"secret": "abcdefghijklmnopqrstuvwxyz"}}, ["the option secret is written here"]),
        ({"url": "sftp://ada:hunter22@host/x"}, ["the URL has a password in it"]),
        ({"url": "s3://${NOBODY_SET_THIS}"}, ["the cache names ${NOBODY_SET_THIS}"]),
    ],
)
def test_what_is_wrong_with_it_is_told_with_its_place(project, cache, parts):
    ran = project.phases(PHASES, cache=cache).write(IN, "x") and project.doit()
    ran.ended(3, "config/orchestrator.json:", *parts)
    assert "hunter22" not in ran.out + ran.err
    assert "abcdefghijk" not in ran.out + ran.err


def test_a_cache_within_the_project_is_the_users_choice(project):
    project.phases(PHASES, CRITERIA, cache={"url": ".cache"}).write(IN, "x")
    project.doit().done("make", "each")
    first = tree(project)
    shutil.rmtree(project.root / "build")
    (project.root / ".doit.db").unlink()
    project.doit().done("make", "each")
    assert tree(project) == first


def test_what_was_made_while_an_input_was_another_one_is_not_kept_also_where_it_was_put_back(folder, wait_until):
    wait = "while ! test -f {}; do sleep 0.02; done"
    script = f"touch began; {wait.format('edited')}; cat in.txt > out.txt; touch read; {wait.format('back')}"
    phases = {"a": {"run": script, "inputs": [IN], "outputs": ["out.txt"]}}
    first = folder.new("first", phases, {})
    process = first.start()
    try:
        for mark, content, go_on in (("began", "other", "edited"), ("read", "in", "back")):
            wait_until((first.root / mark).exists)
            first.write(IN, content)
            first.write(go_on, "")
    finally:
        said, _ = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert first.read("out.txt") == "other"
    second = folder.new("second", phases, {})
    for mark in ("edited", "back"):
        second.write(mark, "")
    second.doit().done("a")
    assert second.read("out.txt") == "in"


def test_an_input_that_got_another_name_meanwhile_was_not_written_to(folder):
    phases = {"a": {"run": "ln in.txt link.txt; cat link.txt > out.txt", "inputs": [IN], "outputs": ["out.txt"]}}
    folder.new("first", phases, {}).doit().done("a")
    assert "restored" in folder.new("second", phases, {}).doit().done("a").out


def test_a_work_alone_that_was_restored_says_so_and_that_its_gate_was_not_asked(folder):
    folder.new("first").doit().done("make", "each")
    assert "restored, its gate was not asked" in folder.new("second").doit("make:run").ended(0).out
