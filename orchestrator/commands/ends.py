"""Exit codes of a run (docs/design.md); 3, bad configuration or usage, is doit's own for exceptions that we raise."""

from __future__ import annotations

DONE, FAILED, ERROR, WAITING = 0, 1, 2, 4
