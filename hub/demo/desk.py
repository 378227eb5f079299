"""What the process of one city can be told to do; every answer is plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any, Self

from hub.demo import border, children, city, families, steps
from hub.demo.citychild import Tell
from hub.demo.fetching import fetch
from hub.demo.plan import Place
from hub.demo.window import walk
from hub.wiring import Hub, open_hub
from kernel.errors import TongbanError

Plain = Mapping[str, Any]


class Desk:
    """Keeps the hub of its city open between two orders; use as a context manager."""

    def __init__(self, place: Place, tell: Tell) -> None:
        """Open nothing yet: what a city is made of must lie there before its hub opens."""
        self._place = place
        self._tell = tell
        self._stack = ExitStack()
        self._hub: Hub | None = None
        self._city: city.City | None = None

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the pages, then close the hub."""
        self._stack.close()

    @property
    def verbs(self) -> Mapping[str, Callable[..., Any]]:
        """Every order by its name."""
        return {
            "world": self.world,
            "pages": self.pages,
            "keys": self.keys,
            "meet": self.meet,
            "sources": self.sources,
            "issue": self.issue,
            "fetch": self.fetch,
            "exchange": self.exchange,
            "intake": self.intake,
            "verify": self.verify,
            "audit": self.audit,
            "match": self.match,
        }

    @property
    def hub(self) -> Hub:
        """The city's hub."""
        if self._hub is None:
            raise TongbanError("demo-step-failed", step="world")
        return self._hub

    @property
    def city(self) -> city.City:
        """Who lives there."""
        if self._city is None:
            raise TongbanError("demo-step-failed", step="world")
        return self._city

    def world(self) -> None:
        """Lay the registry, open the hub, make people and deliveries."""
        place = self._place
        city.found(place)
        self._hub = self._stack.enter_context(open_hub(place.settings()))
        self._city = city.people(self._hub, place.residents, neighbours=place.neighbours)

    def pages(self) -> None:
        """Start signer and web; the signer first, since the web would start one of its own."""
        settings = self.hub.settings
        self.hub.signer.start()
        web = children.web(settings)
        self._stack.callback(web.stop)
        children.wait_ready(web, settings)

    def keys(self) -> Plain:
        """Make authority and seals; return what the others must know of this city.

        The births' service is started besides: the page need not wait for it.
        """
        self._stack.callback(children.births(self._place.home).stop)
        city.seals(self.hub)
        return border.introduce(self.hub)

    def meet(self, others: Sequence[Plain]) -> None:
        """Take in what the other cities told."""
        for other in others:
            border.meet(self.hub, other)

    def sources(self) -> list[Plain]:
        """Compare what was published with what was delivered."""
        return [asdict(row) for row in steps.sources(self.hub, self.city)]

    def issue(self) -> Plain:
        """Issue the certificates."""
        named = families.papers(self.hub, self.city.truth)
        return asdict(steps.issue(self.hub, self._place.certificates, self._tell, named))

    def fetch(self) -> Plain:
        """Let an agency ask; name a holder about whom others may ask."""
        return {**asdict(fetch(self.hub, self.city)), "holder": self.city.guardian.id_number}

    def exchange(self, others: Sequence[Mapping[str, str]]) -> list[Plain]:
        """Let an agency ask the other cities."""
        own = self.city.guardian.id_number
        return [asdict(border.cross(self.hub, own, **other)) for other in others]

    def intake(self) -> Plain:
        """Walk a window case."""
        return asdict(walk(self.hub, self.city))

    def verify(self) -> Plain:
        """Judge the samples of all cities under the trust held here."""
        homes = [self._place.home.with_name(name) for name in self._place.neighbours]
        return asdict(steps.verify(self.hub, homes))

    def audit(self) -> Plain:
        """Recompute the log; tell each other city what it holds about it."""
        found = steps.audit(self.hub)
        for peer in self._place.neighbours:
            border.tell(self.hub, peer)
        return asdict(found)

    def match(self, keys: Mapping[str, str]) -> list[Plain]:
        """Hold the other cities' logs, by their keys, against the own one."""
        home = self._place.home
        return [
            asdict(border.match(self.hub, home.with_name(region), key))
            for region, key in keys.items()
        ]
