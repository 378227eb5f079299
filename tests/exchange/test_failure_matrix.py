"""Every row of the table of failures in docs/formats/peer-message.md, run over a real line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from certificates.exchange.model import Received
from hub import peerline
from hub.wiring import Hub
from kernel.errors import Refused
from tests.exchange.conftest import ASKER, HOME, Border
from tests.exchange.failures import FAULTS, Scene

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "peer-message.md"


def table() -> dict[str, tuple[str, ...]]:
    """Return the rows of the page: failure to code, who, and both records."""
    lines = PAGE.read_text("utf-8").partition("\n## Failures\n")[2].splitlines()
    rows = [re.split(r" \| ", line.strip("| ")) for line in lines if line.startswith("| ")]
    return {row[0]: tuple(cell.strip("`").strip() for cell in row[1:]) for row in rows[1:]}


def test_the_page_has_each_failure_and_no_other() -> None:
    assert list(table()) == list(FAULTS)


def test_nobody_waits_longer_than_three_seconds_for_the_line() -> None:
    line = peerline.PeerLine()
    assert line.longest <= 3
    line.close()


@contextmanager
def scene_of(border: Border) -> Iterator[Scene]:
    with ExitStack() as mend:
        yield Scene(border, mend, border.ask(case_no="case-9"))


def last(border: Border, hub: Hub, before: int, names: tuple[str, ...]) -> str:
    """Return how the newest entry of some kinds calls the end, as the table does."""
    kinds = [row.kind.removeprefix("certificates.") for row in border.rows(hub)[before:]]
    found = [kind.partition("-")[2] for kind in kinds if kind in names]
    return found[-1] if found else "–"


ASKER_ENDS = ("exchange-failed", "exchange-refused", "exchange-served")
HOME_ENDS = ("exchange-refused", "request-refused", "request-repeated", "request-served")


@pytest.mark.parametrize("name", FAULTS)
def test_a_failure_is_named_blamed_recorded_and_leaves_one_effect(
    border: Border, name: str
) -> None:
    code, who, asker_records, home_records = table()[name]
    with scene_of(border) as scene:
        FAULTS[name](scene)
        start = {hub: len(border.rows(hub)) for hub in (border.asker, border.home)}
        served = len(border.events(border.home, "request-served"))
        answer = border.fetch(scene.ask, scene.region)
        if code == "–":
            assert isinstance(answer, Received), answer
        else:
            assert isinstance(answer, Refused), answer
            assert answer.code == code
            assert answer.params["origin"] == {"asking": ASKER, "home": HOME}[who]
        ends = [(border.asker, ASKER_ENDS), (border.home, HOME_ENDS)]
        # A home whose answer comes too late for the asker still records it.
        told = [last(border, hub, start[hub], names) for hub, names in ends]
        assert told == [asker_records, home_records]
        scene.mend.close()
        again = border.fetch(scene.ask, scene.region)
        assert isinstance(again, Received), again
        assert len(border.events(border.home, "request-served")) == served + 1 + scene.besides
