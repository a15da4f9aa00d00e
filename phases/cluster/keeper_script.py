"""Starts a keeper. Run by path, in isolated mode and without `site`, because every attempt waits for it.

Usage: keeper_script.py SYS-PATH-AS-JSON
"""

import json
import signal
import sys

if __name__ == "__main__":
    sys.path[:] = json.loads(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # a local cluster's workers hear no INT, and hand that down

    from phases.cluster.keeper import Keeper

    Keeper(0, 1).keep()
