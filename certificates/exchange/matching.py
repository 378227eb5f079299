"""Matches the logs of two hubs: what each says it asked of, and answered to, the other.

Pure functions over proven entries: whoever matches trusts neither hub. A direction has an asker and
a home; for each question the asker's entry must be named at home, and home's entry at the asker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from certificates.exchange.peerlog import ANSWER, EXCHANGE, Proven
from kernel.ports import Json

SETTLES: Final = timedelta(minutes=10)
"""What is younger than this when the other file was made may not be in it: twice the difference
of two clocks that is accepted."""
MOST_LISTED: Final = 1000


class Outcome(StrEnum):
    """What two logs say of one question."""

    MATCHED = "matched"
    """Each log names the other's entry."""
    UNANSWERED = "unanswered"
    """Both have the question; the asker holds no proven answer, and says so."""
    UNREACHED = "unreached"
    """The asker says that it failed, and the home has nothing: it was never reached."""
    OPEN = "open"
    """Too young to be told."""
    ONLY_HERE = "only-here"
    ONLY_THERE = "only-there"
    DIFFERENT = "different"
    """Both have it, and say different things."""


FAULTS: Final = frozenset({Outcome.ONLY_HERE, Outcome.ONLY_THERE, Outcome.DIFFERENT})


@dataclass(frozen=True, slots=True)
class Item:
    """One question. ``asker`` is the region that asked; ``why`` tells more, as a code."""

    outcome: Outcome
    asker: str
    exchange: str
    leaf: str
    """Leaf hash of the asker's entry, Base64."""
    why: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the item for the command line."""
        return {
            "outcome": self.outcome.value,
            "asker": self.asker,
            "exchange": self.exchange,
            "leaf": self.leaf,
            "why": self.why,
        }


@dataclass(slots=True)
class Side:
    """The proven entries of one hub about the other."""

    region: str
    made: datetime
    asked: dict[str, Proven] = field(default_factory=dict)
    ended: dict[str, Proven] = field(default_factory=dict)
    """By the leaf of the question that they end."""
    named: dict[str, list[Proven]] = field(default_factory=dict)
    """By the leaf at the peer that they name."""
    kinds: dict[str, str] = field(default_factory=dict)
    """Leaf to kind, of every entry."""
    unproven: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, region: str, made: datetime, entries: Iterable[Proven | int]) -> Side:
        """Sort entries by what they say."""
        side = cls(region, made)
        for one in entries:
            if isinstance(one, int):
                side.unproven.append(one)
            else:
                side._take(one)
        return side

    def _take(self, one: Proven) -> None:
        self.kinds[one.leaf] = one.kind
        said = {name: value for name, value in one.data.items() if isinstance(value, str)}
        if one.actor.startswith("peer:"):
            if said.get("peer_leaf"):
                self.named.setdefault(said["peer_leaf"], []).append(one)
        elif one.kind == f"{EXCHANGE}asked":
            self.asked[one.leaf] = one
        elif said.get("asked"):
            self.ended[said["asked"]] = one


@dataclass(frozen=True, slots=True)
class Matching:
    """The outcome of a match; ``listed`` holds all but the matched, at most 1,000."""

    here: str
    there: str
    counts: dict[Outcome, int]
    listed: tuple[Item, ...]
    unproven_here: tuple[int, ...]
    unproven_there: tuple[int, ...]

    @property
    def ok(self) -> bool:
        """Tell whether all entries are proven and nothing contradicts."""
        wrong = any(self.counts.get(one) for one in FAULTS)
        return not (wrong or self.unproven_here or self.unproven_there)

    def to_json(self) -> dict[str, Json]:
        """Return the report for the command line."""
        return {
            "ok": self.ok,
            "here": self.here,
            "there": self.there,
            "counts": {one.value: self.counts.get(one, 0) for one in Outcome},
            "listed": [item.to_json() for item in self.listed],
            "unproven_here": list(self.unproven_here[:MOST_LISTED]),
            "unproven_there": list(self.unproven_there[:MOST_LISTED]),
        }


def match(here: Side, there: Side) -> Matching:
    """Match both directions."""
    counts: dict[Outcome, int] = {}
    listed: list[Item] = []
    for asker, home in ((here, there), (there, here)):
        for item in _direction(asker, home, ours=asker is here):
            counts[item.outcome] = counts.get(item.outcome, 0) + 1
            if item.outcome is not Outcome.MATCHED and len(listed) < MOST_LISTED:
                listed.append(item)
    return Matching(
        here=here.region,
        there=there.region,
        counts=counts,
        listed=tuple(sorted(listed, key=lambda item: item.outcome not in FAULTS)),
        unproven_here=tuple(here.unproven),
        unproven_there=tuple(there.unproven),
    )


def _direction(asker: Side, home: Side, *, ours: bool) -> Iterator[Item]:
    at_asker = Outcome.ONLY_HERE if ours else Outcome.ONLY_THERE
    at_home = Outcome.ONLY_THERE if ours else Outcome.ONLY_HERE
    for leaf, entry in asker.asked.items():
        outcome, why = _judged(asker.ended.get(leaf), home, home.named.get(leaf, []), at_asker)
        if outcome in FAULTS and _young(entry, home.made):
            outcome = Outcome.OPEN
        yield Item(outcome, asker.region, entry.subject, leaf, why)
    for leaf, entries in home.named.items():
        if leaf not in asker.asked:
            young = _young(entries[0], asker.made)
            outcome = Outcome.OPEN if young else at_home
            yield Item(outcome, asker.region, entries[0].subject, leaf, "not-asked")


def _judged(
    ended: Proven | None, home: Side, named: list[Proven], alone: Outcome
) -> tuple[Outcome, str]:
    answer = str(ended.data.get("peer_leaf", "")) if ended else ""
    if ended is None or not answer:
        code = str(ended.data.get("code", "")) if ended else "no-end"
        return (Outcome.UNANSWERED if named else Outcome.UNREACHED), code
    kind = home.kinds.get(answer)
    if kind is None:
        return (Outcome.DIFFERENT if named else alone), "answer-not-in-their-log"
    # Whoever could not be proven to ask is refused without its entry being named.
    turned_away = kind == f"{EXCHANGE}refused"
    if not named and not turned_away:
        return Outcome.DIFFERENT, "question-not-named"
    served = ended.kind == f"{EXCHANGE}served"
    gave = kind in {f"{ANSWER}served", f"{ANSWER}repeated"}
    # A refusal may be repeated too: the home gives its first answer again, whatever it was.
    if served != gave and kind != f"{ANSWER}repeated":
        return Outcome.DIFFERENT, "outcome"
    return Outcome.MATCHED, ""


def _young(entry: Proven, made: datetime) -> bool:
    return entry.at is not None and entry.at > made - SETTLES
