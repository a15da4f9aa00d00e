"""What goes on now, as lines that fit the terminal: what runs, for how long and for how much longer. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from criteria.words import one_line

from ..estimate import CriticalPath, time_left
from ..plan import Phase
from .lines import STATE_WIDTH, Columns
from .terminal import Line, fitted, padded, width
from .words import plural, seconds

QUIET, QUIETEST = 60.0, 300.0
"""Seconds without a line after which a log is told what goes on: the first time, and at most. Some CI services end a
job that says nothing for ten minutes."""
TOLD = 5
"""Lines of that, at most."""
LEAST_TITLE = 8
"""Cells; a title with less room is left out."""
LEAST_MORE = 24
"""Cells of what is said beyond the time, before the title and the state give way to it."""


@dataclass(frozen=True, slots=True)
class Doing:
    """Something that goes on: a work that runs, one that waits to be tried again, a gate that asks."""

    word: str
    colour: str
    name: str
    title: str
    time: str
    """How long it has been going on, or will be waited for; what is shown before all else."""
    more: str = ""
    """What else there is to say of it."""

    @property
    def about(self) -> str:
        return " ".join(filter(None, (self.time, self.more)))


def running_for(elapsed: float, expected: float | None) -> tuple[str, str]:
    """`2 min 05 s` and `of about 10 min 00 s`, or `usually 2 min 00 s` where it takes longer."""
    if expected is None:
        return seconds(elapsed), ""
    return (
        seconds(elapsed),
        f"of about {seconds(expected)}" if elapsed <= expected else f"(usually {seconds(expected)})",
    )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What history says of the works of a run."""

    expected: Mapping[str, float]
    """Seconds of each work that ever succeeded."""
    jobs: int
    judged_only: Collection[str] = ()
    """Phases whose work is done already."""

    def left(self, phases: Iterable[Phase], begun: Mapping[str, float], ended: Collection[str]) -> CriticalPath | None:
        """How much longer it takes at least; None where nobody knows anything.

        Args:
            phases: those that have not ended, each after the ones that it needs.
            begun: seconds since each work began that goes on.
            ended: works that are done.
        """
        phases = list(phases)
        works = {
            work.task: self._work_left(phase, work.task, begun, ended)
            for phase in phases
            for work in phase.works
            if work.task in self.expected or work.task in ended or phase.name in self.judged_only
        }
        return time_left(phases, works, self.jobs) if works else None

    def _work_left(self, phase: Phase, task: str, begun: Mapping[str, float], ended: Collection[str]) -> float:
        if task in ended or phase.name in self.judged_only:
            return 0.0
        return max(0.0, self.expected[task] - begun.get(task, 0.0))


def quiet_for(told: int) -> float:
    """Seconds without a line after which a log is told what goes on, when it was told so often since the last one."""
    return min(QUIET * 2.0 ** min(told, 9), QUIETEST)


def heartbeat(columns: Columns, doing: Sequence[Doing]) -> Iterator[Line]:
    """What goes on, for a log."""
    for each in doing[:TOLD]:
        yield columns.row(each.word, each.colour, each.name, each.title, (each.about, "dim"))
    if len(doing) > TOLD:
        yield [(f"{'':{STATE_WIDTH}}… and {len(doing) - TOLD} more", "dim")]


def region(columns: Columns, doing: Sequence[Doing], foot: Sequence[str], size: tuple[int, int]) -> list[Line]:
    """What a terminal of this size shows below the lines that stay: at most half of it.

    Args:
        foot: the last line, in words that become fewer; the first that fits is taken.
        size: columns and lines.
    """
    across, down = size
    room = max(0, min(down - 2, max(4, down // 2)) - 1)
    shown = doing if len(doing) <= room else doing[: max(0, room - 1)]
    lines = _rows(columns, shown, across)
    if len(shown) < len(doing) and room:
        lines.append([(fitted(f"… and {len(doing) - len(shown)} more", across), "dim")])
    last = next((text for text in foot if width(text) <= across), fitted(foot[-1], across))
    return [*lines, [(last, "dim")]]


def foot(done: int, total: int, left: CriticalPath | None) -> list[str]:
    """`3 of 16 phases, about 4 min 10 s left`, and shorter. `at least` where a phase never ran yet."""
    if left is None or left.seconds < 1:
        return [f"{done} of {plural(total, 'phase')}", f"{done}/{total}"]
    about, sign = ("at least", "≥") if left.unknown else ("about", "~")
    took = seconds(left.seconds)
    return [
        f"{done} of {plural(total, 'phase')}, {about} {took} left",
        f"{done}/{total}, {sign} {took} left",
        f"{done}/{total}, {sign} {took}",
        f"{done}/{total}",
    ]


def _rows(columns: Columns, doing: Sequence[Doing], across: int) -> list[Line]:
    """Rows in the same columns: first the title gives way, then the state, then all but name and time."""
    names = max([columns.names, *(width(each.name) for each in doing)])
    time = max((width(each.time) + min(LEAST_MORE, width(each.more) + 1) for each in doing), default=0)
    title = min(columns.titles, across - STATE_WIDTH - names - time - 4)
    titled = title >= min(LEAST_TITLE, columns.titles)
    if titled or across >= STATE_WIDTH + names + time + 2:
        return [_row(each, names, title if titled else 0, across) for each in doing]
    return [_short(each, across) for each in doing]


def _row(each: Doing, names: int, titles: int, across: int) -> Line:
    title = f"  {padded(one_line(each.title), titles)}" if titles > 0 else ""
    text = f"{each.word:{STATE_WIDTH}}{padded(each.name, names)}{title}  {each.about}"
    return [(fitted(text, across), each.colour)]


def _short(each: Doing, across: int) -> Line:
    name = fitted(each.name, max(1, across - width(each.time) - 1))
    return [
        (fitted(f"{name} {each.about if width(name) + width(each.about) < across else each.time}", across), each.colour)
    ]
