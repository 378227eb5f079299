"""The phases of the demo that are more than one call."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from certificates.register_model import BatchResult, Certificate
from hub.demo.city import City
from hub.demo.summary import Certificates, Log, SourceRow, Tampering
from kernel.actors import Actor, system
from kernel.errors import Refused, TongbanError

if TYPE_CHECKING:
    from hub.dagchild import DagChild
    from hub.wiring import Hub

Tell = Callable[[int, int], None]
_SHARES = {"household-register": 0.75, "marriage": 0.25}
"""How the wanted number of certificates is divided among the types."""
_PAGE = 500
_REGISTER_PAGE = 200
_LOG_SECONDS = 10.0


def ingest(hub: Hub, city: City, dags: DagChild, tell: Tell) -> tuple[SourceRow, ...]:
    """Run the DAG of every source and compare its counts and quarantine with the truth."""
    done: list[str] = []
    wanted = len(hub.sources)

    def on_progress(step: str, _seconds: float) -> None:
        if step in hub.sources:
            done.append(step)
            tell(len(done), wanted)

    results = dags.run(on_progress)
    failed = [result.source for result in results if not result.ok]
    if failed:
        raise TongbanError("demo-step-failed", step=f"DAG {', '.join(failed)}")
    return tuple(_source(hub, city, name) for name in sorted(hub.sources))


def issue(hub: Hub, wanted: int, tell: Tell) -> Certificates:
    """Issue the wanted number, then count what the register and the store hold."""
    actor = system("demo-issuer", hub.settings.region, ("certificates.issue", "certificates.read"))
    hub.issuer.resume(actor)
    board = _BoardProgress(tell, wanted)
    made: list[BatchResult] = []
    for name, share in _SHARES.items():
        done = hub.issuer.issue_batch(actor, name, limit=round(wanted * share), progress=board)
        if isinstance(done, Refused):
            raise TongbanError(done.code, **done.params)
        made.extend(done)
    sealed, verified = _files(hub, actor)
    return Certificates(
        wanted=sum(item.subjects for item in made),
        issued=sum(item.issued + item.skipped for item in made),
        sealed=sealed,
        verified=verified,
        failed=sum(len(item.failed) for item in made),
    )


def verify(hub: Hub) -> Tampering:
    """Judge the samples as anybody would, then once more with one byte changed."""
    folder = hub.settings.root / "samples"
    samples = sorted(path for path in folder.iterdir() if path.suffix in {".pdf", ".ofd"})
    now = hub.clock.now()
    passed = caught = 0
    for path in samples:
        data = path.read_bytes()
        passed += hub.inspector.inspect(data, path.name, "certificate", now).passed
        middle = len(data) // 2
        changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        caught += not hub.inspector.inspect(changed, path.name, "certificate", now).passed
    return Tampering(len(samples), passed, len(samples), caught)


def audit(hub: Hub) -> Log:
    """Wait for the sequencer, then recompute the log from its entries."""
    until = time.monotonic() + _LOG_SECONDS
    report = hub.log.check()
    while report.waiting and time.monotonic() < until:
        time.sleep(0.2)
        report = hub.log.check()
    return Log(report.size, report.root.hex(), len(report.faults))


def samples(hub: Hub) -> Path:
    """Return the folder of samples, emptied."""
    folder = hub.settings.root / "samples"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _source(hub: Hub, city: City, name: str) -> SourceRow:
    steward = system("demo", hub.settings.region, ("catalog.read", "catalog.quarantine"))
    resource = hub.sources[name].resource
    versions = hub.catalog.versions(steward, resource)
    if isinstance(versions, Refused) or not versions:
        raise TongbanError("demo-step-failed", step=f"publish {name}")
    counts = versions[0].counts
    found: set[tuple[str, int, str, str]] = set()
    total = offset = 0
    while offset <= total:
        page = hub.catalog.quarantine(steward, versions[0].id, offset=offset, limit=_PAGE)
        if isinstance(page, Refused):
            raise TongbanError(page.code, **page.params)
        found |= {(row.file, row.row, row.rule, row.column) for row in page.rows}
        total, offset = page.total, offset + _PAGE
    return SourceRow(
        name,
        city.truth.rows(name),
        counts.published,
        counts.quarantined,
        as_seeded=found == city.truth.findings(name) and counts.rows_in == city.truth.rows(name),
    )


def _files(hub: Hub, actor: Actor) -> tuple[int, int]:
    """Judge every sealed file as it lies in the store; keep one of each type and format."""
    folder = samples(hub)
    sealed = verified = 0
    now = hub.clock.now()
    for kind, one in _issued(hub, actor):
        files = hub.register.files(actor, one.id)
        for file in () if isinstance(files, Refused) else files:
            sealed += 1
            data = hub.objects.get(file.digest)
            verified += hub.tools.judge.judge(data, now).passed
            target = folder / f"{kind}.{file.format}"
            if not target.exists():
                target.write_bytes(data)
    return sealed, verified


def _issued(hub: Hub, actor: Actor) -> Iterator[tuple[str, Certificate]]:
    for kind in hub.typebook:
        after = ""
        while True:
            page = hub.register.page(actor, type_name=kind.name, after=after, limit=_REGISTER_PAGE)
            if isinstance(page, Refused) or not page:
                break
            yield from ((kind.name, one) for one in page)
            after = page[-1].id


@dataclass(slots=True)
class _BoardProgress:
    """``kernel.ports.Progress`` that adds up all tracks to one number."""

    tell: Tell
    total: int
    done: int = 0

    @contextmanager
    def track(self, label: str, total: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002 - one number for all labels
        """Count the units of one batch."""

        def tick(units: int) -> None:
            self.done += units
            self.tell(self.done, self.total)

        yield tick
