"""`errors`, `retry` and `logs` of orchestrator.yaml: what they become, and what is wrong with them, at its place."""

from __future__ import annotations

import signal

import pytest

from orchestrator.config.load import load_plan
from orchestrator.config.problems import ConfigError
from orchestrator.plan import ErrorClass, ErrorRule, Logs, RetryPolicy

F = "config/orchestrator.yaml"


@pytest.fixture
def load(tmp_path):
    """The plan of a project with this orchestrator.yaml, and these keys in its one phase, whose line is 2."""

    def load(orchestrator: str, phase: str = "run: x"):
        (tmp_path / "config").mkdir(exist_ok=True)
        (tmp_path / "config/phases.yaml").write_text(f"phases:\n  a: {{{phase}}}\n")
        (tmp_path / F).write_text(orchestrator)
        return load_plan(tmp_path, "1")

    return load


@pytest.fixture
def problems(load):
    """The problems of such a project, each as it is shown."""

    def problems(*texts: str) -> list[str]:
        with pytest.raises(ConfigError) as error:
            load(*texts)
        return [str(problem) for problem in error.value.problems]

    return problems


# errors


def test_rules_keep_their_order_and_know_where_they_stand(load):
    rules = load(
        "errors:\n"
        "  - {exit_code: 3, class: transient}\n"
        "  - {output: 'quota|limit', class: permanent}\n"
        "  - {exception: ConnectionError, class: config}\n"
    ).errors
    assert rules == (
        ErrorRule("exit_code", 3, ErrorClass.TRANSIENT, f"{F}:2:5"),
        ErrorRule("output", "quota|limit", ErrorClass.PERMANENT, f"{F}:3:5"),
        ErrorRule("exception", "ConnectionError", ErrorClass.CONFIG, f"{F}:4:5"),
    )


@pytest.mark.parametrize("written", ["9", "KILL", "SIGKILL"])
def test_a_signal_may_be_written_as_a_number_or_with_its_name(load, written):
    [rule] = load(f"errors: [{{signal: {written}, class: transient}}]").errors
    assert (rule.sign, rule.value) == ("signal", signal.SIGKILL)


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("SIGKIL", "; did you mean 'SIGKILL'?"),
        ("KILLL", "; did you mean 'SIGKILL'?"),
        ("TEERM", "; did you mean 'SIGTERM'?"),
        ("WWWWWWWWW", ""),
    ],
)
def test_a_signal_that_is_not_there_gets_a_suggestion(problems, written, remedy):
    text = f"errors:\n  - {{signal: {written}, class: transient}}"
    assert problems(text) == [f"{F}:2:14: there is no signal {written!r}{remedy}"]


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("quota (exceeded", "missing ), unterminated subpattern at position 6"),
        ("*", "nothing to repeat at position 0"),
        ("[z-a]", "bad character range z-a at position 1"),
    ],
)
def test_a_bad_regular_expression_is_told_with_the_reason(problems, expression, why):
    text = f"jobs: 2\nerrors:\n  - {{exit_code: 75, class: config}}\n  - {{output: '{expression}', class: transient}}"
    assert problems(text) == [f"{F}:4:14: {expression!r} is no regular expression: {why}; see Python's `re`"]


def test_every_rule_that_is_wrong_is_told_at_once(problems):
    found = problems("errors:\n  - {output: '(', class: transient}\n  - {signal: NOPE, class: transient}\n")
    assert [line.split(": ")[0] for line in found] == [f"{F}:2:14", f"{F}:3:14"]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("{exit_code: 75}", "has no class; add class, one of transient, permanent, dependency, config, timeout"),
        ("{class: transient}", "has none of exit_code, signal, output, exception; add one of them"),
    ],
)
def test_a_rule_has_one_sign_and_a_class(problems, rule, problem):
    assert problems(f"errors:\n  - {rule}") == [f"{F}:2:5: errors[0] {problem}"]


# retry


def test_what_is_written_goes_over_what_holds_otherwise(load):
    plan = load("retry: {transient: {attempts: 5, wait: 200ms}, timeout: {attempts: 2, max_wait: 2m, factor: 3}}")
    assert plan.retry[ErrorClass.TRANSIENT] == RetryPolicy(5, 0.2, 2.0, 60.0)
    assert plan.retry[ErrorClass.TIMEOUT] == RetryPolicy(2, 1.0, 3.0, 120.0)
    assert plan.retry[ErrorClass.PERMANENT].attempts == 1


def test_what_a_phase_says_is_kept_with_its_work(load):
    [work] = load("", "run: x, retry: {attempts: 4, wait: 1.5}").phases["a"].works
    assert work.retry == {"attempts": 4, "wait": 1.5}


@pytest.mark.parametrize("key", ["wait", "max_wait"])
@pytest.mark.parametrize("value", ["soon", "5 x", "-1", "1s2"])
def test_a_wait_is_a_duration(problems, key, value):
    wants = "a duration such as 90, 90s or 5m belongs here"
    [found] = problems(f"retry:\n  transient:\n    {key}: {value}")
    assert found.startswith(f"{F}:3:{len(key) + 7}: retry.transient.{key} is ")
    assert found.endswith(f", {wants}")
    [found] = problems("", f"run: x, retry: {{{key}: {value}}}")
    assert found.startswith(f"config/phases.yaml:2:{25 + len(key)}: retry.{key} is ")
    assert found.endswith(f", {wants}")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("attempts: 0", "4:15: retry.transient.attempts is 0, a whole number of at least 1 belongs here"),
        ("attempts: 2.5", "4:15: retry.transient.attempts is 2.5, a whole number of at least 1 belongs here"),
        ("factor: 0.5", "4:13: retry.transient.factor is 0.5, a number of at least 1 belongs here"),
        ("atempts: 3", "4:5: unknown key 'atempts' in retry.transient; did you mean 'attempts'?"),
    ],
)
def test_a_policy_that_is_wrong(problems, written, problem):
    assert problems(f"jobs: 1\nretry:\n  transient:\n    {written}") == [f"{F}:{problem}"]


def test_a_class_that_is_not_there(problems):
    assert problems("retry: {transcient: {attempts: 2}}") == [
        f"{F}:1:9: unknown key 'transcient' in retry; did you mean 'transient'?"
    ]


# logs


def test_logs_have_a_size_and_a_number_of_runs(load):
    assert load("").logs == Logs(50_000_000, 20)
    assert load("logs: {max_size: 20kB, keep_runs: 2}").logs == Logs(20_000, 2)
    assert load("logs: {max_size: 1 MiB}").logs == Logs(1 << 20, 20)
    assert load("logs: {max_size: 4096}").logs.max_size == 4096


@pytest.mark.parametrize("written", ["4095", "4kB", "0", "1B"])
def test_a_log_must_be_large_enough_to_say_something(problems, written):
    assert problems(f"logs:\n  max_size: {written}") == [
        f"{F}:2:13: a log that small says nothing; allow it at least 4096 bytes"
    ]


def test_what_is_no_size_is_told_with_those_that_are(problems):
    [found] = problems("logs:\n  max_size: 5k")
    assert found.startswith(f"{F}:2:13: ")
    assert "'5k' is not a size" in found
    assert "1 MiB" in found


@pytest.mark.parametrize("written", ["large", "-1", "1.5", "[1]"])
def test_what_is_not_even_like_a_size_is_refused(problems, written):
    [found] = problems(f"logs:\n  max_size: {written}")
    assert found.startswith(f"{F}:2:13: logs.max_size is")


def test_at_least_one_run_is_kept(problems):
    assert problems("logs: {keep_runs: 0}") == [
        f"{F}:1:19: logs.keep_runs is 0, a whole number of at least 1 belongs here"
    ]
