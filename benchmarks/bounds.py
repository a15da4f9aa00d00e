"""Every benchmark that has a bound, one after the other, and which bounds were met. Most of an hour, on a machine
that nobody else uses.

Exits with 0 when all were met. What stands behind `--` goes to neighbours.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
COMMANDS = (
    ("neighbours.py",),
    ("noop.py", "--phases", "16,1000,10000"),
    ("overhead.py",),
    ("makespan.py",),
    ("content.py", "--size", "4G", "--layouts", "several,one"),
    ("matrix.py", "--run"),
)


def main() -> int:
    given = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    if len(sys.argv) > 1 and not given:
        print(__doc__)
        return 0
    missed = []
    for name, *options in COMMANDS:
        command = [name, *options, *(given if name == "neighbours.py" else [])]
        print(f"\n$ python benchmarks/{' '.join(command)}", flush=True)
        if subprocess.run([sys.executable, str(HERE / name), *command[1:]], check=False).returncode:
            missed.append(name)
    print(f"\nnot all bounds were met by: {', '.join(missed)}" if missed else "\nall bounds were met")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
