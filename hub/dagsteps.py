"""The bodies of Airflow's tasks: open the hub, do one step for one source, close it again.

What may pass by itself (a full disk, a busy database, a gate that broke) is tried again by the
DAG's own rule; everything else fails the task at once, because it would fail again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from catalog.errors import Code
from kernel.actors import Actor, system
from kernel.errors import Refused, TongbanError

if TYPE_CHECKING:
    from catalog.ingest.service import Ingest

T = TypeVar("T")
RIGHTS = ("catalog.ingest", "catalog.publish")
PASSING = frozenset(
    {
        "disk-full",
        "database-busy",
        "database-unavailable",
        "objects-unavailable",
        "gate-unavailable",
        "delivery-changing",
    }
)
"""Failures after which a later try may succeed."""


def collect(source: str) -> str:
    """Keep the files of a source and return the id of their batch."""
    return _step(lambda ingest, actor: ingest.collect(actor, source))


def standardise(batch: str) -> str:
    """Standardise what is left of a batch; returns its id."""
    _step(lambda ingest, actor: ingest.standardise(actor, batch))
    return batch


def check(batch: str) -> str:
    """Check a whole batch and ask the gate; returns its id."""
    _step(lambda ingest, actor: ingest.check(actor, batch))
    return batch


def publish(batch: str) -> dict[str, Any]:
    """Publish a batch and return its outcome: ids, counts and names of rules.

    A refused gate fails the task; an unchanged delivery skips it, so that nothing downstream wakes.
    """
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    outcome = _step(lambda ingest, actor: ingest.publish(actor, batch))
    if outcome.reasons:
        raise AirflowFailException(f"{Code.GATE_REFUSED}: {', '.join(outcome.reasons)}")
    if not outcome.changed:
        raise AirflowSkipException(f"unchanged: {outcome.version}")
    return {**asdict(outcome), "state": str(outcome.state)}


def _step(work: Callable[[Ingest, Actor], T | Refused]) -> T:
    from airflow.sdk.exceptions import AirflowFailException

    try:
        with opened() as ingest:
            done = work(ingest, system("airflow", rights=RIGHTS))
    except TongbanError as error:
        if error.code in PASSING:
            raise
        raise AirflowFailException(str(error)) from None
    if isinstance(done, Refused):
        raise AirflowFailException(done.code)
    return done


@contextmanager
def opened(home: Path | None = None) -> Iterator[Ingest]:
    """Open the pipeline of the hub in ``home``, by default of the one ``TONGBAN_HOME`` names."""
    from hub.settings import load
    from hub.wiring import open_hub

    with open_hub(load(home=home)) as hub:
        yield hub.ingest
