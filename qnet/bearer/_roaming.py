"""Which member of a service network a session uses, and how it moves to another one: decisions, without I/O.

`Roaming` is told what can be used now and what the program wants; it answers with what is to be done.

Stages
------
=============  ===============================================================================================
SETTLED        on `active`, the best that is known, or the one that the program wants to stay on
OFFERED        the program was told of a better one, `target`, and says `migrate` or `ignore`
ADRIFT         likewise, but `active` is lost meanwhile
MIGRATING      on the way to `target`
TESTING        on the new `active`; the program says `accept` or `reject`, and `previous` is kept until then
STRANDED       `active` is lost, and there is nothing else
=============  ===============================================================================================

`TABLE` has what follows from what. A program is *consulted* if it listens to preferredConfigurationChanged; otherwise
the move is forced: it begins at once, and is accepted.

The best member is the one with the highest priority, then the lowest cost, then the highest speed, then the first.
Only members that work are candidates: nothing is started that the user may have switched off. A member that was lost
while it was in use has to work for `CALM` seconds before it is preferred again: a loose contact must not break every
connection each time that it closes for a moment.

Source: https://doc.qt.io/archives/qt-5.15/bearer-management.html#roaming.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["CALM", "TABLE", "Candidate", "Deed", "Event", "Roaming", "Stage", "Step", "best", "is_seamless"]

CALM = 2.0


@dataclass(frozen=True)
class Candidate:
    """A member that works, with the *addresses* that its interface has."""

    identifier: str
    priority: int = 0
    cost: int = 0
    speed: int = 0
    addresses: frozenset[str] = frozenset()

    def rank(self) -> tuple[int, int, int]:
        """The lower, the better."""
        return -self.priority, self.cost, -self.speed


def best(candidates: Sequence[Candidate]) -> Candidate | None:
    """The best of them, None if there is none; of equals the first."""
    return min(candidates, key=Candidate.rank, default=None)


def is_seamless(old: Candidate | None, new: Candidate) -> bool:
    """Whether sockets survive a move from *old* to *new*: only if the new interface has the old one's addresses."""
    return old is not None and bool(old.addresses) and old.addresses <= new.addresses


class Stage(enum.Enum):
    """Where a session is between its members; see the module's text."""

    SETTLED = enum.auto()
    OFFERED = enum.auto()
    ADRIFT = enum.auto()
    MIGRATING = enum.auto()
    TESTING = enum.auto()
    STRANDED = enum.auto()


class Event(enum.Enum):
    """What happens: those before MIGRATE are seen in what works now, the others are told."""

    BETTER = enum.auto()  # there is a better one than the one in use, or than the one that was offered
    WITHDRAWN = enum.auto()  # the target is lost, or is not better any more
    LOST = enum.auto()  # the one in use is lost, and the target works
    STUCK = enum.auto()  # the one in use is lost, and nothing else works
    BACK = enum.auto()  # the one that was lost works again
    FOUND = enum.auto()  # something works again
    MISSED = enum.auto()  # the new one is lost, and the previous one works
    SUNK = enum.auto()  # the new one is lost, and so is the previous one
    FORCE = enum.auto()  # as BETTER and LOST, for a program that is not consulted
    MIGRATE = enum.auto()
    IGNORE = enum.auto()
    ARRIVED = enum.auto()
    LANDED = enum.auto()  # as ARRIVED, for a program that is not consulted
    ACCEPT = enum.auto()
    REJECT = enum.auto()


class Step(enum.Enum):
    """What is to be done."""

    OFFER = enum.auto()  # tell the program of it
    BEGIN = enum.auto()  # hold it, and say when that is done: `Roaming.arrived` or `Roaming.failed`
    ARRIVE = enum.auto()  # it is used from now on
    RETURN = enum.auto()  # the old one is used again
    LEAVE = enum.auto()  # hold it no more
    FAIL = enum.auto()  # tell the program that it did not work
    STRAND = enum.auto()  # the session is lost
    REOPEN = enum.auto()  # the session is there again, on this one


class Deed(NamedTuple):
    """A `Step` and the member that it is about; *seamless* for offers."""

    step: Step
    identifier: str
    seamless: bool = False


_S, _E, _T = Stage, Event, Step

TABLE: dict[tuple[Stage, Event], tuple[Stage, tuple[Step, ...]]] = {
    (_S.SETTLED, _E.BETTER): (_S.OFFERED, (_T.OFFER,)),
    (_S.SETTLED, _E.LOST): (_S.ADRIFT, (_T.OFFER,)),
    (_S.SETTLED, _E.FORCE): (_S.MIGRATING, (_T.BEGIN,)),
    (_S.SETTLED, _E.STUCK): (_S.STRANDED, (_T.STRAND,)),
    (_S.OFFERED, _E.BETTER): (_S.OFFERED, (_T.OFFER,)),
    (_S.OFFERED, _E.WITHDRAWN): (_S.SETTLED, ()),
    (_S.OFFERED, _E.LOST): (_S.ADRIFT, ()),
    (_S.OFFERED, _E.STUCK): (_S.STRANDED, (_T.STRAND,)),
    (_S.OFFERED, _E.MIGRATE): (_S.MIGRATING, (_T.BEGIN,)),
    (_S.OFFERED, _E.IGNORE): (_S.SETTLED, ()),
    (_S.ADRIFT, _E.BETTER): (_S.ADRIFT, (_T.OFFER,)),
    (_S.ADRIFT, _E.BACK): (_S.SETTLED, (_T.RETURN,)),
    (_S.ADRIFT, _E.STUCK): (_S.STRANDED, (_T.STRAND,)),
    (_S.ADRIFT, _E.MIGRATE): (_S.MIGRATING, (_T.BEGIN,)),
    (_S.ADRIFT, _E.IGNORE): (_S.STRANDED, (_T.STRAND,)),
    (_S.MIGRATING, _E.ARRIVED): (_S.TESTING, (_T.ARRIVE,)),
    (_S.MIGRATING, _E.LANDED): (_S.SETTLED, (_T.ARRIVE, _T.LEAVE)),
    (_S.MIGRATING, _E.WITHDRAWN): (_S.SETTLED, (_T.LEAVE, _T.FAIL, _T.RETURN)),
    (_S.TESTING, _E.ACCEPT): (_S.SETTLED, (_T.LEAVE,)),
    (_S.TESTING, _E.REJECT): (_S.SETTLED, (_T.LEAVE, _T.RETURN)),
    (_S.TESTING, _E.MISSED): (_S.SETTLED, (_T.LEAVE, _T.FAIL, _T.RETURN)),
    (_S.TESTING, _E.SUNK): (_S.SETTLED, (_T.LEAVE,)),
    (_S.STRANDED, _E.FOUND): (_S.SETTLED, (_T.REOPEN,)),
}


class Roaming:
    """The way of one open session. *active* is the member that it was opened on; *allowed* whether it may move."""

    def __init__(self, active: str, allowed: bool = True) -> None:
        self.stage = Stage.SETTLED
        self.active = active
        self.allowed = allowed
        self.target = ""
        self.previous = ""
        self._usable: dict[str, Candidate] = {}
        self._known: dict[str, Candidate] = {}  # as they were when they worked last
        self._ignored: set[str] = set()
        self._calm_at: dict[str, float] = {}  # when those will count again that were lost in use
        self._consulted = False
        self._forced = False
        self._now = 0.0

    # -- what happens

    def update(self, candidates: Sequence[Candidate], consulted: bool, now: float) -> list[Deed]:
        """*candidates* work now, in the order of the service network; *now* is any clock's time in seconds."""
        usable = {each.identifier: each for each in candidates}
        for identifier in self._calm_at:
            if identifier in usable and identifier not in self._usable:
                self._calm_at[identifier] = now + CALM
        self._usable, self._consulted, self._now = usable, consulted, now
        self._known.update(usable)
        self._ignored &= usable.keys()
        return self._follow()

    def next_look(self) -> float | None:
        """When `update` has to be called although nothing changes; None if not at all."""
        waits = [at for identifier, at in self._calm_at.items() if identifier in self._usable and at > self._now]
        return min(waits, default=None) if self.stage is Stage.SETTLED else None

    def migrate(self) -> list[Deed]:
        """The program wants to go to what it was offered."""
        return self._take(Event.MIGRATE)

    def ignore(self) -> list[Deed]:
        """The program wants to stay; the same member is not offered again before it was lost and is back."""
        if self.stage in (Stage.OFFERED, Stage.ADRIFT):
            self._ignored.add(self.target)
        return self._take(Event.IGNORE)

    def accept(self) -> list[Deed]:
        """The program stays on the new member."""
        return self._take(Event.ACCEPT)

    def reject(self) -> list[Deed]:
        """The program wants to be where it was before."""
        if self.stage is Stage.TESTING:
            self._ignored.add(self.active)
        return self._take(Event.REJECT)

    def arrived(self, identifier: str) -> list[Deed]:
        """What BEGIN has asked for is done."""
        if self.stage is not Stage.MIGRATING or identifier != self.target:
            return []
        return self._take(Event.LANDED if self._forced else Event.ARRIVED)

    def failed(self, identifier: str) -> list[Deed]:
        """What BEGIN has asked for cannot be done."""
        if self.stage is not Stage.MIGRATING or identifier != self.target:
            return []
        self._ignored.add(identifier)
        return self._take(Event.WITHDRAWN)

    # -- what follows

    def _take(self, event: Event) -> list[Deed]:
        """Do what the table says; nothing if it says nothing. Then see what follows from where that leads."""
        deeds = self._apply(event)
        return deeds + self._follow() if deeds or event is Event.IGNORE else deeds

    def _follow(self) -> list[Deed]:
        deeds: list[Deed] = []
        while True:
            event, target = self._seen()
            if event is None:
                return deeds
            if target:
                self.target = target
            deeds += self._apply(event)

    def _apply(self, event: Event) -> list[Deed]:
        found = TABLE.get((self.stage, event))
        if found is None:
            return []
        before = self.stage
        self.stage, steps = found
        if self.stage is Stage.MIGRATING:
            self._forced = event is Event.FORCE
        left = self._move(before, event)
        subjects = {Step.OFFER: self.target, Step.BEGIN: self.target, Step.LEAVE: left, Step.FAIL: left}
        if self.active not in self._usable:
            steps = tuple(step for step in steps if step is not Step.RETURN)
        deeds = [Deed(step, subjects.get(step, self.active)) for step in steps]
        if self.stage is Stage.SETTLED:
            self.target = self.previous = ""
        return [
            deed._replace(seamless=is_seamless(self._known.get(self.active), self._known[deed.identifier]))
            if deed.step is Step.OFFER
            else deed
            for deed in deeds
        ]

    def _move(self, before: Stage, event: Event) -> str:
        """Change which members are active, previous and target; returns the one that is left."""
        if event in (Event.ARRIVED, Event.LANDED):
            self.previous, self.active = self.active, self.target
            return self.previous
        if event is Event.FOUND:
            self.active = self.target
        if before is Stage.MIGRATING:
            return self.target
        if before is Stage.TESTING and event is not Event.ACCEPT:
            left, self.active = self.active, self.previous
            return left
        return self.previous

    def _seen(self) -> tuple[Event | None, str]:
        """What can be seen to have happened, and the target that it is about: "" if that stays."""
        stage, works = self.stage, self.active in self._usable
        if not works and stage in (Stage.SETTLED, Stage.OFFERED):
            self._ignored.clear()  # it was another question
        if not works and stage in (Stage.SETTLED, Stage.OFFERED, Stage.TESTING):
            self._calm_at[self.active] = self._now + CALM
        if stage is Stage.SETTLED:
            return self._seen_settled(works)
        if stage is Stage.OFFERED:
            return self._seen_offered(works)
        if stage is Stage.ADRIFT:
            return self._seen_adrift(works)
        if stage is Stage.MIGRATING:
            return (None if self.target in self._usable else Event.WITHDRAWN), ""
        if stage is Stage.TESTING:
            return (None if works else Event.MISSED if self.previous in self._usable else Event.SUNK), ""
        target = self.active if works else self._another()
        return (Event.FOUND if target else None), target

    def _seen_settled(self, works: bool) -> tuple[Event | None, str]:
        target = self._better_than(self.active) if works else self._another()
        if not target:
            return (None if works else Event.STUCK), ""
        if not self._consulted:
            return Event.FORCE, target
        return (Event.BETTER if works else Event.LOST), target

    def _seen_offered(self, works: bool) -> tuple[Event | None, str]:
        if self.target not in self._usable:
            return Event.WITHDRAWN, ""
        if not works:
            return Event.LOST, ""
        if self._usable[self.target].rank() >= self._usable[self.active].rank():
            return Event.WITHDRAWN, ""
        better = self._better_than(self.target)
        return (Event.BETTER if better else None), better

    def _seen_adrift(self, works: bool) -> tuple[Event | None, str]:
        if works:
            return Event.BACK, ""
        if self.target in self._usable:
            return None, ""
        another = self._another()
        return (Event.BETTER if another else Event.STUCK), another

    def _better_than(self, identifier: str) -> str:
        """What is to be preferred to a member that works; "" if it is the best, or nothing may move."""
        limit = self._usable[identifier].rank()
        found = best([each for each in self._choice() if self._is_calm(each) and each.rank() < limit])
        return found.identifier if found is not None else ""

    def _another(self) -> str:
        """What is left if the active one does not work; "" if there is nothing."""
        choice = self._choice()
        found = best([each for each in choice if self._is_calm(each)]) or best(choice)
        return found.identifier if found is not None else ""

    def _choice(self) -> list[Candidate]:
        if not self.allowed:
            return []
        return [
            each
            for identifier, each in self._usable.items()
            if identifier != self.active and identifier not in self._ignored
        ]

    def _is_calm(self, candidate: Candidate) -> bool:
        return self._calm_at.get(candidate.identifier, self._now) <= self._now
