"""A plan as nested tuples of JSON's types and back: what is marshalled, and loaded in microseconds a phase. Pure."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from ..plan import ErrorClass, ErrorRule, Input, Logs, Phase, Plan, RetryPolicy, Rule, SharedCache, Work

if TYPE_CHECKING:
    from ..triggers.model import Trigger


def as_data(plan: Plan) -> tuple[Any, ...]:
    """Nested tuples; `from_data` reads them back."""
    return (
        plan.name,
        plan.jobs,
        dict(plan.makers),
        dict(plan.pools),
        tuple((rule.sign, rule.value, rule.error_class.value, rule.place) for rule in plan.errors),
        {name.value: (p.attempts, p.wait, p.factor, p.max_wait) for name, p in plan.retry.items()},
        (plan.logs.max_size, plan.logs.keep_runs),
        tuple(trigger.as_row() for trigger in plan.triggers),
        dict(plan.modules),
        plan.github,
        None if plan.cache is None else astuple(plan.cache),
        plan.dask,
        tuple(_phase_data(phase) for phase in plan),
    )


def from_data(data: tuple[Any, ...]) -> Plan:
    """The plan whose `as_data` this is."""
    name, jobs, makers, pools, errors, retry, logs, triggers, modules, github, cache, dask, phases = data
    return Plan(
        name,
        {row[0]: _phase(row) for row in phases},
        jobs,
        makers,
        pools,
        tuple(ErrorRule(sign, value, ErrorClass(kind), place) for sign, value, kind, place in errors),
        {ErrorClass(kind): RetryPolicy(*policy) for kind, policy in retry.items()},
        Logs(*logs),
        tuple(map(_trigger, triggers)),
        modules,
        github,
        None if cache is None else SharedCache(*cache),
        dask,
    )


def _phase_data(phase: Phase) -> tuple[Any, ...]:
    works = tuple(
        (
            work.task,
            work.phase,
            work.definition_text,
            tuple((i.path, i.makers, i.place) for i in work.inputs),
            work.outputs,
            work.timeout,
            work.always,
            dict(work.retry),
            dict(work.pools),
            work.clean_on_failure,
            work.cached,
            work.executor,
            dict(work.resources),
        )
        for work in phase.works
    )
    rule = phase.rule
    return (
        phase.name,
        phase.title,
        phase.description,
        phase.place,
        phase.needs,
        works,
        phase.reads,
        (rule.manual, rule.by, rule.quorum, rule.self_approval, rule.expires, rule.by_mode),
        phase.gate_text,
        phase.places,
    )


def _phase(row: tuple[Any, ...]) -> Phase:
    name, title, description, place, needs, works, reads, rule, text, places = row
    parts = tuple(_work(work) for work in works)
    return Phase(name, title, description, place, needs, parts, reads, Rule(*rule), text, places)


def _trigger(row: Any) -> Trigger:
    from ..triggers.model import Trigger  # few plans have any

    return Trigger.from_row(row)


def _work(row: tuple[Any, ...]) -> Work:
    task, phase, text, inputs, *rest = row
    return Work(task, phase, text, tuple(Input(*given) for given in inputs), *rest)
