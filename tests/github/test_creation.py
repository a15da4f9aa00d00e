"""Creating once: against a server that loses requests and answers, lags with its lists, and a client that dies anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.github.creation import LOOKS, SETTLED, Creation, Thing
from orchestrator.github.trouble import Kind, Trouble
from orchestrator.state.database import Database
from orchestrator.state.projections import Projections

KEY = "issue"


class Died(BaseException):
    """As after `kill -9`: what was recorded is recorded, and nothing else happens."""


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Server:
    """Has things by number. `lag`: seconds until its lists have what was made."""

    clock: Clock
    lag: float = 0.0
    fates: list[str] = field(default_factory=list)
    """What becomes of the next requests."""
    made: dict[int, float] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    def fate(self) -> str:
        return self.fates.pop(0) if self.fates else "ok"

    def create(self) -> int:
        fate = self.fate()
        if fate == "die before":
            raise Died
        if fate in ("ok", "lost answer", "die after", "refused after"):
            self.made[len(self.made) + 1] = self.clock()
        if fate in ("lost answer", "lost request"):
            raise Trouble(Kind.LATER, "502")
        if fate in ("refused", "refused after"):
            raise Trouble(Kind.LIMITED, "429", 60.0)
        if fate == "die after":
            raise Died
        return len(self.made)

    def find(self) -> list[int]:
        fate = self.fate()
        if fate.startswith("die"):
            raise Died
        if fate != "ok":
            raise Trouble(Kind.LATER if fate.startswith("lost") else Kind.LIMITED, "no list")
        return [n for n, at in self.made.items() if at + self.lag <= self.clock() and n not in self.gone]

    def take_away(self, number: int) -> None:
        fate = self.fate()
        if fate.startswith("die"):
            raise Died
        if fate != "ok":
            raise Trouble(Kind.LATER, "502")
        self.gone.add(number)

    @property
    def there(self) -> list[int]:
        return [number for number in self.made if number not in self.gone]


FATES = st.sampled_from(["ok", "lost answer", "lost request", "die before", "die after", "refused", "refused after"])


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    database = Database(tmp_path_factory.mktemp("state") / "doit.db")
    database.create()
    yield database
    database.close()


def creation_of(known: Projections, server: Server, by_others: bool) -> tuple[Creation, Thing]:
    thing = Thing(KEY, server.create, server.find, server.take_away, by_others)
    return Creation(known, server.clock.wait, server.clock), thing


def anew(database: Database) -> Projections:
    known = Projections(database, "octo/plan")
    for key in known.all():
        known.drop(key)
    return known


@settings(max_examples=300)
@given(st.lists(FATES, max_size=25), st.floats(0, sum(LOOKS)), st.floats(0, 3), st.booleans())
def test_it_is_there_once_whatever_happens_on_the_way(database, fates, lag, between, by_others):
    """The lag is shorter than the looks take; a new process begins `between` seconds after one that died."""
    clock = Clock()
    server = Server(clock, lag, fates)
    known = anew(database)
    for _ in range(len(fates) + 2):
        creation, thing = creation_of(known, server, by_others)
        try:
            number, _new = creation.once(thing)
            break
        except Trouble as trouble:
            clock.wait(max(trouble.wait, between))
        except Died:
            clock.wait(between)
        assert len(server.made) <= 1, server
    else:
        raise AssertionError("it never ended")
    assert server.there == [number] == [1]
    assert known.get(KEY).number == 1  # type: ignore[union-attr]
    before = len(server.fates)
    assert creation_of(known, server, by_others)[0].once(thing) == (1, False), "and known from then on"
    assert len(server.fates) == before, "without a question"


def test_what_was_made_twice_by_others_is_once_and_the_oldest_stays(database):
    clock = Clock()
    server = Server(clock, made={3: 0.0, 5: 0.0, 9: 0.0})
    creation, thing = creation_of(anew(database), server, by_others=True)
    assert creation.once(thing) == (3, False)
    assert server.there == [3]


@pytest.mark.parametrize(("age", "looks"), [(0.0, len(LOOKS)), (SETTLED + 1, 1)])
def test_an_old_doubt_takes_one_look_and_a_fresh_one_several(database, age, looks):
    clock = Clock()
    server = Server(clock, fates=["die before"])
    known = anew(database)
    creation, thing = creation_of(known, server, by_others=False)
    with pytest.raises(Died):
        creation.once(thing)
    clock.wait(age)
    server.fates = ["ok"] * 9
    creation.once(thing)
    assert len(server.fates) == 9 - looks - 1, "as many looks, and one request"
    assert server.there == [1]


def test_without_doubt_nobody_is_asked_first(database):
    server = Server(Clock(), fates=["ok", "refused"])
    creation, thing = creation_of(anew(database), server, by_others=False)
    assert creation.once(thing) == (1, True)
    assert server.fates == ["refused"]


def test_what_else_is_known_of_it_stays_known(database):
    known = anew(database)
    known.put(KEY, None, data={"reply": "text"})
    server = Server(Clock(), fates=["refused", "ok", "lost answer"])
    creation, thing = creation_of(known, server, by_others=False)
    with pytest.raises(Trouble):
        creation.once(thing)
    assert known.get(KEY).data["reply"] == "text"  # type: ignore[union-attr]
    creation.once(thing)
    assert dict(known.get(KEY).data) == {"reply": "text"}  # type: ignore[union-attr]
    assert server.there == [1]
