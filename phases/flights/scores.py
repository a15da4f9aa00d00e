"""How far off a forecast is: what phase_9 measures on the whole and phase_11 for each carrier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# minutes: from here on the US Department of Transportation counts a flight as late
LATE = 15


def auc(scores: NDArray[np.float64], late: NDArray[np.bool_]) -> float:
    """How often a late flight is ranked above one that is not (ties count half)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives, negatives = int(late.sum()), int((~late).sum())
    if not positives or not negatives:
        raise ValueError(f"of {len(late)} flights {positives} are late: ranking takes both kinds")
    return float((ranks[late].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def errors(predicted: NDArray[np.float64], actual: NDArray[np.float64]) -> dict[str, float]:
    off = predicted - actual
    return {
        "mae": round(float(np.abs(off).mean()), 6),
        "rmse": round(float(np.sqrt((off**2).mean())), 6),
        "bias": round(float(off.mean()), 6),
        "auc_late": round(auc(predicted, actual >= LATE), 6),
    }
