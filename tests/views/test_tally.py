"""How the verdicts on a gate are counted: what did not hold is never counted among what holds."""

from __future__ import annotations

import pytest

from orchestrator.views.tally import tally


def verdict(result, waived_by=None):
    return {"result": result, "waived_by": waived_by}


PASS, REVIEW, WARN, FAIL = (verdict(result) for result in ("pass", "review", "warn", "fail"))
WAIVED = verdict("warn", "ada")


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        ([PASS], "1 of 1 criterion holds"),
        ([PASS, PASS], "2 of 2 criteria hold"),
        ([PASS, FAIL], "1 of 2 criteria holds"),
        ([FAIL], "0 of 1 criterion holds"),
        ([REVIEW, WARN], "0 of 2 criteria hold, 1 for a person to decide, 1 warning"),
        ([PASS, REVIEW, REVIEW], "1 of 3 criteria holds, 2 for a person to decide"),
        ([WARN, WARN, WAIVED, WAIVED], "0 of 4 criteria hold, 2 warnings, 2 waived by ada"),
        ([WAIVED, verdict("warn", "bob")], "0 of 2 criteria hold, 1 waived by ada, 1 waived by bob"),
    ],
)
def test_only_what_passes_is_said_to_hold(verdicts, told):
    assert tally(verdicts, decided=False).sentence == told


def test_where_the_gate_is_open_a_person_has_decided():
    assert tally([PASS, REVIEW], decided=True).sentence == "1 of 2 criteria holds, 1 decided by a person"
