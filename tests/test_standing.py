"""Where every phase stands, from evidence held in memory."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.gate.digest import attempts_of, gate_digest
from orchestrator.plan import Input, Phase, Rule, Work, canonical, gate_text
from orchestrator.reasons import gate_reasons, lapse, work_reasons
from orchestrator.standing import PhaseState, stand
from orchestrator.state.files import ABSENT
from orchestrator.state.journal import Entry, Event
from orchestrator.state.records import IGNORED, attempt_id, record_of
from orchestrator.state.votes import POLICY, Answer, Vote

NOW = 1000.0
OUTCOMES = {"failed": Event.JUDGED, "waiting": Event.JUDGED, "open": Event.JUDGED, "succeeded": Event.ATTEMPT_ENDED}


@dataclass
class World:
    """Evidence that is what a test says it is. `ran` and `opened` write what a run would have written."""

    files: dict = field(default_factory=dict)
    records: dict = field(default_factory=dict)
    given: dict = field(default_factory=dict)
    entries: dict = field(default_factory=dict)
    alive: set = field(default_factory=set)
    time: float = NOW

    # the Evidence protocol

    def record(self, task):
        return self.records.get(task)

    def file(self, path):
        return self.files.get(path, ABSENT)

    def exists(self, path):
        return self.file(path) not in (ABSENT, {})

    def mask(self, text):
        return text

    def votes(self, phase):
        return self.given.get(phase, [])

    def last(self, task):
        return self.entries.get(task)

    def running(self, task):
        return task in self.alive

    def now(self):
        return self.time

    # what happens in it

    def told(self, task, outcome, event=None):
        """The newest entry about a work or a gate."""
        event = event or OUTCOMES[outcome]
        data = {"outcome": outcome} if outcome else {}
        if outcome == "failed" and event is Event.ATTEMPT_ENDED:
            data |= {"problem": "ended with exit code 2", "class": "permanent", "rule": None}
        if outcome == "waiting":  # for what is there now
            asked = next(phase for phase in (A, B, C, MANUAL) if phase.name == task)
            states = {path: self.file(path) for path in asked.reads}
            digest = gate_digest(states, asked.gate_text, [("m", 1)], attempts_of(asked, self.record))
            data |= {"digest": digest, "verdicts": [{"name": "m", "value": 1}]}
        self.entries[task] = Entry(1, NOW, "run", task, task, event, data)

    def ran(self, phase, attempt=1):
        for work in phase.works:
            for output in work.outputs:
                self.files.setdefault(output, f"{output} 1")
            states = {given.path: self.file(given.path) for given in work.inputs}
            values = {"definition": work.definition_text, "attempt": attempt}
            self.records[work.task] = record_of(values, states)
        for work in phase.works:
            self.told(work.task, "succeeded")

    def opened(self, phase, digest="d", review=(), until=None, approvals=None):
        values = {
            "definition": phase.gate_text,
            "digest": digest,
            "review": list(review),
            "waived": [],
            "attempts": attempts_of(phase, self.record),
            "until": until,
        }
        self.records[phase.name] = record_of(values, {path: self.file(path) for path in phase.reads})
        self.given[phase.name] = [yes(phase, digest)] if approvals is None else approvals
        self.told(phase.name, "open")

    def done(self, *phases):
        for phase in phases:
            self.ran(phase)
            self.opened(phase)
        return self


def yes(phase, digest="d", by=POLICY, channel=None):
    return Vote(phase.name, digest, by, channel or (POLICY if by == POLICY else "command line"), "", NOW - 10)


def phase(name, *needs, inputs=(), outputs=None, criteria=(), reads=(), rule=None, always=False, **definition):
    outputs = (f"build/{name}",) if outputs is None else outputs
    given = tuple(Input(path, (), "") for path in (*(f"build/{need}" for need in needs), *inputs))
    text = canonical({"run": f"make {name}", **definition})
    work = Work(f"{name}:run", name, text, given, outputs, None, always)
    rule = rule or Rule(False)
    return Phase(name, name, "", "", needs, (work,), (*outputs, *reads), rule, gate_text(criteria, rule))


def with_criteria(phase, *criteria):
    return replace(phase, gate_text=gate_text(criteria, phase.rule))


def with_rule(phase, rule):
    return replace(phase, rule=rule, gate_text=gate_text(phase.criteria, rule))


A, B, C = phase("a", inputs=["in.csv"]), phase("b", "a"), phase("c", "b")
PLAN = [A, B, C]


@pytest.fixture
def world():
    """A world in which the source of A is there and nothing has run."""
    return World(files={"in.csv": "1"})


def states(phases, world):
    return {name: standing.state.value for name, standing in stand(phases, world).items()}


def told(reasons):
    return [(reason.kind, reason.detail) for reason in reasons]


# -- the way of a plan ----------------------------------------------------------------------------------------


def test_before_the_first_run_all_is_pending(world):
    assert states(PLAN, world) == {"a": "pending", "b": "pending", "c": "pending"}
    standing = stand(PLAN, world)["b"]
    assert [(reason.kind, reason.subject, reason.detail) for reason in standing.reasons] == [
        ("first", "b:run", "has not run yet, or did not succeed"),
        ("first", "b", "the gate was not opened yet"),
        ("upstream", "a", "a is pending"),
    ]
    assert not standing.work_is_current


def test_after_a_run_all_is_done_and_there_are_no_reasons(world):
    world.done(*PLAN)
    assert states(PLAN, world) == {"a": "done", "b": "done", "c": "done"}
    assert all(s.reasons == () and s.work_is_current for s in stand(PLAN, world).values())


def test_while_a_phase_runs_the_next_ones_wait_their_turn(world):
    world.alive.add("a:run")
    assert states(PLAN, world) == {"a": "running", "b": "pending", "c": "pending"}


def test_running_comes_before_everything_else(world):
    world.done(*PLAN)
    world.files["in.csv"] = "2"
    world.told("a", "failed")
    world.alive.add("a:run")
    assert states(PLAN, world)["a"] == "running"


def test_a_gate_whose_outputs_changed_while_it_waited_waits_no_more(world):
    world.ran(A)
    world.told("a", "waiting")
    world.files["build/a"] = "another"
    assert states([A], world) == {"a": "pending"}


@pytest.mark.parametrize("outcome", ["failed", "waiting"])
def test_what_comes_after_a_gate_that_is_not_open_is_blocked(world, outcome):
    world.ran(A)
    world.told("a", outcome)
    assert states(PLAN, world) == {"a": outcome, "b": "blocked", "c": "blocked"}
    assert stand(PLAN, world)["a"].work_is_current, "only its gate has to be looked at again"
    assert told(stand(PLAN, world)["c"].reasons)[-1] == ("upstream", "b is blocked")


def test_a_phase_that_failed_itself_is_blocked_while_something_above_is_stuck(world):
    world.told("a:run", "failed", Event.ATTEMPT_ENDED)
    world.told("b:run", "failed", Event.ATTEMPT_ENDED)
    assert states(PLAN, world)["b"] == "blocked"


def test_a_changed_source_makes_its_phase_and_all_after_it_stale(world):
    world.done(*PLAN)
    world.files["in.csv"] = "2"
    assert states(PLAN, world) == {"a": "stale", "b": "stale", "c": "stale"}
    assert told(stand(PLAN, world)["a"].reasons) == [("input", "in.csv changed")]
    assert told(stand(PLAN, world)["c"].reasons) == [("upstream", "b is stale")]


def test_what_is_beside_a_change_stays_done(world):
    other = phase("other", inputs=["in.csv"])
    world.done(*PLAN, other)
    world.files["build/b"] = "edited"
    assert states([*PLAN, other], world) == {"a": "done", "b": "stale", "c": "stale", "other": "done"}


def test_an_approved_output_that_is_edited_closes_its_gate_and_names_the_file(world):
    """docs/design.md, Two tasks, promise 2: plain doit never looks inside targets."""
    world.done(*PLAN)
    world.files["build/a"] = "edited"
    standings = stand(PLAN, world)
    assert standings["a"].state is PhaseState.STALE
    assert told(standings["a"].reasons) == [("content", "build/a changed")]
    assert standings["a"].work_is_current, "the work is not run again"
    assert told(standings["b"].reasons) == [("input", "build/a changed"), ("upstream", "a is stale")]


def test_a_changed_threshold_judges_the_gate_again_and_runs_no_work(world):
    """docs/design.md, Two tasks, promise 1."""
    before = phase("a", criteria=[{"file": "x", "min_size": 1}])
    world.done(before, B)
    after = with_criteria(before, {"file": "x", "min_size": 2})
    standings = stand([after, B], world)
    assert told(standings["a"].reasons) == [("criteria", "criteria changed")]
    assert standings["a"].work_is_current
    assert standings["b"].work_is_current


def test_a_new_attempt_with_the_same_bytes_asks_nobody(world):
    """docs/design.md, Two tasks, promise 3."""
    world.done(*PLAN)
    world.ran(A, attempt=2)
    assert states(PLAN, world) == {"a": "done", "b": "done", "c": "done"}


def test_after_forgetting_a_phase_is_pending_whatever_it_was(world):
    world.done(*PLAN)
    for task in ("a", "a:run"):
        del world.records[task]
    world.told("a", None, Event.FORGOTTEN)
    assert states(PLAN, world) == {"a": "pending", "b": "stale", "c": "stale"}


def test_an_attempt_that_was_killed_is_neither_running_nor_done(world):
    world.done(*PLAN)
    del world.records["a:run"]
    world.told("a:run", None, Event.ATTEMPT_STARTED)
    assert states(PLAN, world)["a"] == "stale"
    assert states([phase("new")], world) == {"new": "pending"}


def test_the_standing_of_ten_thousand_phases_in_a_chain_needs_no_recursion(world):
    chain = [phase("p0")] + [phase(f"p{n}", f"p{n - 1}") for n in range(1, 10_000)]
    world.told("p0", "failed")
    found = stand(chain, world)
    assert found["p0"].state is PhaseState.FAILED
    assert found["p9999"].state is PhaseState.BLOCKED


# -- why a work has to run ------------------------------------------------------------------------------------


def test_a_work_that_is_current_has_no_reason(world):
    world.done(A)
    assert work_reasons(A.works[0], world) == []


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"run": "make  better"}, "run changed: make a → make better"),
        ({"params": {"n": 2}}, "params changed: {'n': 1} → {'n': 2}"),
        ({"params": None}, "params changed: {'n': 1} → nothing"),
        ({"cwd": "sub"}, "cwd changed: nothing → sub"),
        ({"run": "x" * 41}, f"run changed: make a → {'x' * 39}…"),
        ({"run": "x" * 40}, f"run changed: make a → {'x' * 40}"),
        ({"params": {"n": True}}, "params changed: {'n': 1} → {'n': True}"),
        ({"params": {"n": 1.0}}, "params changed: {'n': 1} → {'n': 1.0}"),
    ],
)
def test_a_change_of_its_definition_is_told_old_to_new(world, change, detail):
    """PARAM_N is `1`, `true` or `1.0`, though to Python all three are equal."""
    world.done(phase("a", params={"n": 1}))
    definition = {**phase("a", params={"n": 1}).works[0].definition, **change}
    definition = {key: value for key, value in definition.items() if value is not None}
    assert told(work_reasons(phase("a", **definition).works[0], world)) == [("definition", detail)]


def test_the_order_of_parameters_is_no_change(world):
    world.done(phase("a", params={"n": 1, "m": 2}))
    assert work_reasons(phase("a", params={"m": 2, "n": 1}).works[0], world) == []


@pytest.mark.parametrize(
    ("before", "now", "details"),
    [
        ("1", "2", ["in changed"]),
        ("1", ABSENT, ["in is missing"]),
        ({"in/a": "1", "in/b": "1"}, {"in/a": "2", "in/c": "1"}, ["in/a changed", "in/c is new", "in/b is gone"]),
        ({"in/a": "1"}, {}, ["in/a is gone"]),
        ({"in/a": "1"}, ABSENT, ["in is missing"]),
        ("1", {"in/a": "1"}, ["in changed"]),
    ],
)
def test_every_input_that_changed_is_named(world, before, now, details):
    reader = phase("a", inputs=["in"])
    world.files["in"] = before
    world.done(reader)
    world.files["in"] = now
    assert told(work_reasons(reader.works[0], world)) == [("input", detail) for detail in details]


def test_an_input_that_is_new_or_no_longer_one_is_a_reason(world):
    world.done(phase("a", inputs=["one", "two"]))
    assert told(work_reasons(phase("a", inputs=["two", "three"]).works[0], world)) == [
        ("input", "one is no longer an input"),
        ("input", "three is new"),
    ]


@pytest.mark.parametrize("gone", [ABSENT, {}])
def test_a_missing_output_is_a_reason(world, gone):
    world.done(A)
    world.files["build/a"] = gone
    assert told(work_reasons(A.works[0], world)) == [("output", "build/a is missing")]


def test_all_reasons_are_told_not_only_the_first(world):
    world.done(A)
    world.files.update({"in.csv": "2", "build/a": ABSENT})
    changed = phase("a", inputs=["in.csv", "more"], cwd="sub")
    assert [reason.kind for reason in work_reasons(changed.works[0], world)] == [
        "definition",
        "output",
        "input",
        "input",
    ]


def test_one_work_of_a_matrix_runs_alone(world):
    works = tuple(
        Work(f"m:run:{c}", "m", {"run": "x", "params": {"c": c}}, (Input(c, (), ""),), (f"build/{c}",), None, False)
        for c in ("AA", "UA")
    )
    matrix = replace(phase("m", outputs=()), works=works, reads=("build/AA", "build/UA"))
    world.done(matrix)
    world.files["UA"] = "2"
    reasons = stand([matrix], world)["m"].reasons
    assert [(reason.subject, reason.detail) for reason in reasons] == [("m:run:UA", "UA changed")]


# -- always ---------------------------------------------------------------------------------------------------

ALWAYS = phase("a", always=True)


def test_a_work_that_is_never_up_to_date_says_so_and_its_phase_is_done_all_the_same(world):
    world.done(ALWAYS, B)
    assert told(work_reasons(ALWAYS.works[0], world)) == [("always", "always: true")]
    assert states([ALWAYS, B, C], world) == {"a": "done", "b": "done", "c": "pending"}
    assert not stand([ALWAYS], world)["a"].work_is_current
    assert told(stand([ALWAYS, B], world)["b"].reasons) == [("upstream", "a is done")], "it may have to run too"


def test_such_a_phase_is_not_done_before_it_ran(world):
    assert states([ALWAYS, B], world) == {"a": "pending", "b": "pending"}


def test_such_a_phase_is_failed_when_its_last_attempt_was_though_its_gate_was_open_once(world):
    """An attempt drops its work's record before it starts, and leaves the gate's."""
    world.done(ALWAYS, B)
    del world.records["a:run"]
    world.told("a:run", "failed", Event.ATTEMPT_ENDED)
    assert states([ALWAYS, B], world) == {"a": "failed", "b": "blocked"}


def test_such_a_phase_is_stale_with_what_it_needs(world):
    always = phase("b", "a", always=True)
    world.done(A, always)
    world.files["in.csv"] = "2"
    assert states([A, always], world) == {"a": "stale", "b": "stale"}


# -- why a gate has to be judged ------------------------------------------------------------------------------

MANUAL = phase("a", rule=Rule(True), criteria=[{"file": "x"}], reads=["x"])


def test_a_gate_that_is_open_and_current_has_no_reason(world):
    world.ran(MANUAL)
    world.opened(MANUAL, approvals=[yes(MANUAL, by="ann")])
    assert gate_reasons(MANUAL, world) == []


def test_a_gate_that_was_never_open_says_so(world):
    assert told(gate_reasons(MANUAL, world)) == [("first", "the gate was not opened yet")]


@pytest.mark.parametrize(
    "criteria", [[], [{"file": "y"}], [{"file": "x"}, {"file": "y"}], [{"file": "x", "min_size": 1}]]
)
def test_changed_criteria_are_a_reason(world, criteria):
    world.done(A)
    world.opened(MANUAL, approvals=[yes(MANUAL, by="ann")])
    changed = with_criteria(MANUAL, *criteria)
    assert told(gate_reasons(changed, world)) == [("criteria", "criteria changed")]


def test_an_argument_of_a_check_that_only_python_takes_for_equal_is_a_change(world):
    def check(x):
        return phase("a", criteria=[{"check": "m:f", "args": {"x": x}}])

    world.done(check(1))
    assert gate_reasons(check(1), world) == []
    assert told(gate_reasons(check(True), world)) == [("criteria", "criteria changed")]


@pytest.mark.parametrize("change", [{"manual": False}, {"by": ("ann",)}, {"quorum": 2}, {"expires": 60.0}])
def test_a_changed_rule_is_a_reason(world, change):
    world.ran(MANUAL)
    world.opened(MANUAL, approvals=[yes(MANUAL, by="ann")])
    changed = with_rule(MANUAL, replace(MANUAL.rule, **change))
    assert told(gate_reasons(changed, world)) == [("rule", "the approval rule changed")]


def test_every_file_that_it_read_and_that_changed_is_named(world):
    world.files["x"] = {"x/1": "1"}
    world.done(MANUAL)
    world.files.update({"build/a": ABSENT, "x": {"x/1": "2"}})
    assert told(gate_reasons(MANUAL, world)) == [("content", "build/a is missing"), ("content", "x/1 changed")]


def test_a_phase_without_outputs_is_judged_again_when_its_work_ran_again(world):
    bare = phase("a", outputs=())
    world.done(bare)
    assert gate_reasons(bare, world) == []
    world.ran(bare, attempt=2)
    assert told(gate_reasons(bare, world)) == [("attempt", "its work ran again")]


@pytest.mark.parametrize(("time", "kinds"), [(NOW + 59.9, []), (NOW + 60, ["expired"]), (NOW + 61, ["expired"])])
def test_an_open_gate_closes_when_a_verdict_or_approval_expires(world, time, kinds):
    world.ran(A)
    world.opened(A, until=NOW + 60)
    world.time = time
    assert [reason.kind for reason in gate_reasons(A, world)] == kinds
    assert states([A], world) == {"a": "stale" if kinds else "done"}


@pytest.mark.parametrize(
    ("rule", "review", "by", "stands"),
    [
        (Rule(False), (), [], False),
        (Rule(False), (), [POLICY], True),
        (Rule(False), ("mae",), [POLICY], False),
        (Rule(False), ("mae",), ["ann"], True),
        (Rule(True), (), [POLICY], False),
        (Rule(True), (), ["ann"], True),
        (Rule(True, quorum=2), (), ["ann"], False),
        (Rule(True, quorum=2), (), ["ann", "ben"], True),
        (Rule(True, by=("ben",)), (), ["ann"], False),
        (Rule(True, expires=5.0), (), ["ann"], False),
    ],
)
def test_a_gate_stays_open_only_while_its_approvals_stand(world, rule, review, by, stands):
    gated = with_rule(A, rule)
    world.ran(gated)
    world.opened(gated, review=review, approvals=[yes(gated, by=person) for person in by])
    assert told(gate_reasons(gated, world)) == ([] if stands else [("approval", "it has no approval that stands")])


MOMENTS = st.integers(-3, 6).map(lambda n: NOW + 10 * n)
VOTES = st.builds(
    Vote,
    phase=st.just("a"),
    digest=st.sampled_from(["d", "d", "e"]),
    by=st.sampled_from(["ann", "ben", POLICY]),
    channel=st.sampled_from(["command line", "command line", POLICY]),
    reason=st.just(""),
    at=MOMENTS,
    answer=st.sampled_from([Answer.APPROVE, Answer.APPROVE, Answer.WAIVE, Answer.REJECT]),
    criterion=st.sampled_from(["", "m"]),
    until=st.none() | MOMENTS,
)
RULES = st.builds(
    Rule, manual=st.booleans(), quorum=st.integers(1, 2), expires=st.none() | st.sampled_from([5.0, 20.0, 40.0])
)


@settings(max_examples=300)
@given(st.data())
def test_until_its_lapse_a_gate_stands_as_it_stood(data):
    gated, since = with_rule(A, data.draw(RULES)), data.draw(MOMENTS)
    world = World(files={"in.csv": "1"})
    world.ran(gated)
    until, votes = data.draw(st.none() | MOMENTS), data.draw(st.lists(VOTES, max_size=5))
    world.opened(gated, review=data.draw(st.sampled_from([(), ("m",)])), until=until, approvals=votes)
    world.records["a"]["_values_:"]["waived"] = data.draw(st.sampled_from([[], ["m"]]))
    end = lapse(gated, world, since)
    told = []
    for world.time in (since, *(NOW + n for n in range(-31, 110))):
        if since <= world.time and (end is None or world.time < end):
            told.append(gate_reasons(gated, world))
    assert all(reasons == told[0] for reasons in told)


def test_an_approval_of_another_digest_does_not_keep_a_gate_open(world):
    world.ran(MANUAL)
    world.opened(MANUAL, digest="d", approvals=[yes(MANUAL, digest="e", by="ann")])
    assert [reason.kind for reason in gate_reasons(MANUAL, world)] == ["approval"]


# -- doit ignore ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["a", "a:run"])
def test_an_ignored_phase_says_so_and_how_to_end_it(world, task):
    world.done(A)
    world.records[task] = {**world.records[task], IGNORED: "1"}
    assert told(stand([A], world)["a"].reasons) == [("ignored", "skipped since `doit ignore`; `doit forget` ends that")]


@pytest.mark.parametrize("task", ["a", "a:run"])
def test_a_phase_that_was_ignored_before_it_ever_ran_is_pending(world, task):
    """doit then keeps a record that has its mark and nothing else."""
    world.records[task] = {IGNORED: "1"}
    kinds = [reason.kind for reason in stand([A], world)["a"].reasons]
    assert kinds == ["first", "first", "ignored"]


def test_what_needs_an_ignored_phase_is_not_done(world):
    world.done(*PLAN)
    world.records["a"] = {**world.records["a"], IGNORED: "1"}
    assert states(PLAN, world) == {"a": "stale", "b": "stale", "c": "stale"}


# -- attempts -------------------------------------------------------------------------------------------------


def test_the_attempts_of_a_phase_are_those_behind_its_works_records(world):
    bare = phase("bare", outputs=())
    assert attempts_of(bare, world.record) == [""]
    world.ran(bare, attempt=attempt_id("run", 3))
    assert attempts_of(bare, world.record) == ["run#3"]


def test_where_there_are_outputs_no_attempt_stands_in_for_them(world):
    """So that another attempt with the same outputs asks nobody again."""
    world.ran(A, attempt=3)
    assert attempts_of(A, world.record) == []
