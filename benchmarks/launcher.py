"""Start a command, wait for it, and print its exit code, seconds, processor seconds and peak memory in bytes.

A process of its own, because a child begins with its parent's peak: started by the benchmark itself, nothing would look
smaller than that. With `python -I -S`, and nothing imported that can be done without, it is as small as Python gets.
Processor time and peak are those of the command and of every process of it that was waited for; the peak is that of the
largest one, not a sum.
"""

import os
import sys
import time


def main() -> None:
    said = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    quiet = os.open(os.devnull, os.O_RDONLY)
    actions = [(os.POSIX_SPAWN_DUP2, quiet, 0), (os.POSIX_SPAWN_DUP2, said, 1), (os.POSIX_SPAWN_DUP2, said, 2)]
    start = time.perf_counter()
    pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    took = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024
    print(os.waitstatus_to_exitcode(status), took, used.ru_utime + used.ru_stime, used.ru_maxrss * unit)


if __name__ == "__main__":
    main()
