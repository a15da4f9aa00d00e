"""Who may start: jobs and pools are never overdrawn, nobody is overtaken on a pool, and everybody starts at last."""

from __future__ import annotations

import math

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.schedule import Schedule, Slots

POOLS = ("gpu", "disk", "api")


def started(schedule: Schedule, now: float = 0.0) -> list:
    """All that may start now, in the order in which it does."""
    return list(iter(lambda: schedule.start(now), None))


def test_as_many_start_as_there_are_jobs_in_the_order_in_which_they_came():
    schedule = Schedule(Slots(2))
    for item in "abc":
        schedule.add(item, {})
    assert started(schedule) == ["a", "b"]
    assert not schedule.has_room
    schedule.slots.give({})
    assert schedule.has_room
    assert started(schedule) == ["c"]
    assert not schedule.waits


def test_who_waits_for_a_pool_lets_others_pass():
    schedule = Schedule(Slots(4, {"gpu": 1, "disk": 1}))
    for item, takes in {"one": {"gpu": 1}, "two": {"gpu": 1}, "plain": {}, "disk": {"disk": 1}}.items():
        schedule.add(item, takes)
    assert started(schedule) == ["one", "plain", "disk"]
    schedule.slots.give({"gpu": 1})
    assert started(schedule) == ["two"]


def test_small_takers_do_not_keep_a_large_one_waiting_for_ever():
    """Two of three are taken when the large one comes; small ones come later, and find one free."""
    schedule = Schedule(Slots(9, {"memory": 3}))
    schedule.add("small 1", {"memory": 1})
    schedule.add("small 2", {"memory": 1})
    assert started(schedule) == ["small 1", "small 2"]
    schedule.add("large", {"memory": 3})
    schedule.add("small 3", {"memory": 1})
    assert started(schedule) == []
    schedule.slots.give({"memory": 1})
    assert started(schedule) == []
    schedule.slots.give({"memory": 1})
    assert started(schedule) == ["large"]
    schedule.slots.give({"memory": 3})
    assert started(schedule) == ["small 3"]


def test_who_waits_for_one_pool_holds_its_place_in_the_other():
    """`both` cannot have the gpu yet; whoever came after it may not take its disk."""
    schedule = Schedule(Slots(9, {"gpu": 1, "disk": 1}))
    schedule.add("gpu", {"gpu": 1})
    assert started(schedule) == ["gpu"]
    schedule.add("both", {"gpu": 1, "disk": 1})
    schedule.add("disk", {"disk": 1})
    assert started(schedule) == []
    schedule.slots.give({"gpu": 1})
    assert started(schedule) == ["both"]


def test_until_its_time_comes_an_item_takes_nothing():
    schedule = Schedule(Slots(1, {"gpu": 1}))
    schedule.add_later("again", {"gpu": 1}, due=10.0)
    assert (schedule.next_due, schedule.waits, schedule.has_room) == (10.0, True, True)
    schedule.add("other", {"gpu": 1})
    assert started(schedule, 9.9) == ["other"]
    schedule.slots.give({"gpu": 1})
    assert started(schedule, 9.9) == []
    assert started(schedule, 10.0) == ["again"]
    assert (schedule.next_due, schedule.waits) == (None, False)


def test_items_due_at_the_same_time_start_as_they_came_and_need_no_order_of_their_own():
    schedule = Schedule(Slots(9))
    items = [object() for _ in range(5)]
    for item in items:
        schedule.add_later(item, {}, due=1.0)
    assert started(schedule, 1.0) == items


def test_the_most_urgent_starts_first_and_of_those_the_one_that_came_first():
    schedule = Schedule(Slots(9, {"gpu": 9}))
    for item, urgency in {"a": 1.0, "b": 5.0, "c": 5.0, "gate": math.inf}.items():
        schedule.add(item, {"gpu": 1} if item == "c" else {}, urgency)
    schedule.add_later("again", {}, due=1.0, urgency=3.0)
    assert started(schedule, 1.0) == ["gate", "b", "c", "again", "a"]


def test_the_more_urgent_one_waits_for_its_pool_and_keeps_it_from_the_less_urgent():
    schedule = Schedule(Slots(9, {"gpu": 2}))
    schedule.add("first", {"gpu": 1}, 1.0)
    assert started(schedule) == ["first"]
    schedule.add("small", {"gpu": 1}, 1.0)
    schedule.add("large", {"gpu": 2}, 2.0)
    schedule.add("none", {}, 0.0)
    assert started(schedule) == ["none"]
    schedule.slots.give({"gpu": 1})
    assert started(schedule) == ["large"]


takes = st.dictionaries(st.sampled_from(POOLS), st.integers(1, 4), max_size=2)


urgency = st.integers(0, 2)


class AnySchedule(RuleBasedStateMachine):
    """Items come, wait, start and end in any order. Beside the schedule stands what must be true of it."""

    @initialize(jobs=st.integers(1, 4), sizes=st.lists(st.integers(1, 4), min_size=3, max_size=3))
    def open(self, jobs, sizes):
        self.jobs, self.pools = jobs, dict(zip(POOLS, sizes, strict=True))
        self.schedule: Schedule[int] = Schedule(Slots(jobs, dict(self.pools)))
        self.now = 0.0
        self.count = 0
        self.takes: dict[int, dict[str, int]] = {}
        self.ready: list[int] = []
        """In the order in which they came, or their time did."""
        self.urgency: dict[int, int] = {}
        self.due: dict[int, float] = {}
        self.running: list[int] = []

    def new(self, takes, urgency) -> int:
        """An item; none takes more of a pool than there is, because such a plan is refused."""
        self.count += 1
        self.urgency[self.count] = urgency
        self.takes[self.count] = {pool: min(count, self.pools[pool]) for pool, count in takes.items()}
        return self.count

    @rule(takes=takes, urgency=urgency)
    def add(self, takes, urgency):
        item = self.new(takes, urgency)
        self.schedule.add(item, self.takes[item], urgency)
        self.ready.append(item)

    @rule(takes=takes, urgency=urgency, wait=st.integers(0, 5))
    def add_later(self, takes, urgency, wait):
        item = self.new(takes, urgency)
        self.due[item] = self.now + wait
        self.schedule.add_later(item, self.takes[item], self.now + wait, urgency)

    @rule(seconds=st.integers(1, 5))
    def time_passes(self, seconds):
        self.now += seconds

    @rule()
    def start(self):
        """One starts; or none, and then each that waits has a reason to."""
        come = [item for item in sorted(self.due, key=self.due.__getitem__) if self.due[item] <= self.now]
        self.ready += come  # of those due at the same time, who was added first
        for item in come:
            del self.due[item]
        item = self.schedule.start(self.now)
        if item is None:
            assert all(self.has_to_wait(waiting) for waiting in self.ready)
            return
        assert item in self.ready, "it started before its time, or twice"
        assert not self.overtaken_by(item)
        self.ready.remove(item)
        self.running.append(item)

    def before(self, item: int) -> list[int]:
        order = sorted(self.ready, key=lambda other: -self.urgency[other])  # stable: else as they came
        return order[: order.index(item)]

    def overtaken_by(self, item: int) -> list[int]:
        """Who is more urgent, or as urgent and came earlier, and takes of the same pool; for one that takes of none, of none either."""
        mine = self.takes[item]
        return [other for other in self.before(item) if (mine.keys() & self.takes[other]) or mine == self.takes[other]]

    def has_to_wait(self, item: int) -> bool:
        free = {pool: size - self.taken(pool) for pool, size in self.pools.items()}
        too_little = any(count > free[pool] for pool, count in self.takes[item].items())
        return len(self.running) == self.jobs or too_little or bool(self.overtaken_by(item))

    def taken(self, pool: str) -> int:
        return sum(self.takes[item].get(pool, 0) for item in self.running)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data):
        item = data.draw(st.sampled_from(self.running))
        self.running.remove(item)
        self.schedule.slots.give(self.takes[item])

    @precondition(lambda self: self.running)
    @rule(data=st.data(), wait=st.integers(0, 5))
    def try_again(self, data, wait):
        """What ran comes back later, as the same item."""
        item = data.draw(st.sampled_from(self.running))
        self.running.remove(item)
        self.schedule.slots.give(self.takes[item])
        self.due[item] = self.now + wait
        self.schedule.add_later(item, self.takes[item], self.now + wait, self.urgency[item])

    @invariant()
    def nothing_is_overdrawn(self):
        assert len(self.running) <= self.jobs
        assert all(self.taken(pool) <= size for pool, size in self.pools.items())

    @invariant()
    def it_knows_what_it_holds(self):
        assert self.schedule.waits == bool(self.ready or self.due)
        assert len(self.ready) <= self.schedule.ready <= len(self.ready) + len(self.due)
        assert self.schedule.has_room == (len(self.running) < self.jobs)
        if self.due:
            assert self.schedule.next_due is not None
            assert self.schedule.next_due <= min(self.due.values())

    def teardown(self):
        """Whatever happened: let the running end, one after the other, and time go on, and everything starts."""
        if not hasattr(self, "schedule"):
            return
        for _ in range(3 * self.count + 3):
            item = self.schedule.start(self.now)
            if item is not None:
                self.running.append(item)
            elif self.running:
                self.schedule.slots.give(self.takes[self.running.pop(0)])
            elif self.schedule.next_due is not None:
                self.now = max(self.now, self.schedule.next_due)
            self.nothing_is_overdrawn()
        assert not self.schedule.waits


TestAnySchedule = AnySchedule.TestCase
