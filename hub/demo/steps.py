"""The phases of the demo that are more than one call."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from certificates.errors import Code
from certificates.register_model import BatchResult, Certificate
from hub.demo.city import City
from hub.demo.summary import Certificates, Log, SourceRow, Tampering
from kernel.actors import Actor, system
from kernel.errors import Refused, TongbanError

if TYPE_CHECKING:
    from hub.dagchild import DagChild
    from hub.wiring import Hub

Tell = Callable[[int, int], None]
_SHARES = {
    "household-register": 0.4,
    "marriage": 0.2,
    "birth-certificate": 0.1,
    "business-licence": 0.2,
    "real-estate": 0.1,
}
"""How the wanted number of certificates is divided among the types that have data."""
_PAGE = 500
_REGISTER_PAGE = 200
_LOG_SECONDS = 10.0


def ingest(home: Path, region: str, dags: DagChild, tell: Tell) -> None:
    """Run the DAG of every source of a hub; raises TongbanError naming those that failed."""
    wanted = {path.stem for path in (home / "registry/catalog/sources").glob("*.toml")}
    done: list[str] = []

    def on_progress(step: str, _seconds: float) -> None:
        if step in wanted:
            done.append(step)
            tell(len(done), len(wanted))

    results = dags.run(on_progress, hub=(home, region))
    failed = [result.source for result in results if not result.ok]
    if failed or len(results) != len(wanted):
        raise TongbanError("demo-step-failed", step=f"DAG {', '.join(failed)}")


def sources(hub: Hub, city: City) -> tuple[SourceRow, ...]:
    """Compare counts and quarantine of every source with the truth."""
    return tuple(_source(hub, city, name) for name in sorted(hub.sources))


def issue(hub: Hub, wanted: int, tell: Tell, named: Sequence[tuple[str, str]] = ()) -> Certificates:
    """Issue the wanted number, and certificates ``named`` by type and key; then count.

    What the register must hold is what it held before and whatever of the wanted was missing.
    """
    actor = system("demo-issuer", hub.settings.region, ("certificates.issue", "certificates.read"))
    hub.issuer.resume(actor)
    before = sum(1 for _ in _issued(hub, actor))
    board = _BoardProgress(tell, wanted)
    made: list[BatchResult] = []
    for name, most in _shares(hub, wanted).items():
        done = hub.issuer.issue_batch(actor, name, limit=most, progress=board)
        if isinstance(done, Refused):
            raise TongbanError(done.code, **done.params)
        made.extend(done)
    singles, refused = _named(hub, actor, named)
    held, sealed, verified = _files(hub, actor)
    return Certificates(
        wanted=before + singles + sum(item.subjects - item.skipped for item in made),
        issued=held,
        sealed=sealed,
        verified=verified,
        failed=refused + sum(len(item.failed) for item in made),
    )


def verify(hub: Hub, others: Sequence[Path] = ()) -> Tampering:
    """Judge the samples as anybody would, then once more with one byte changed.

    ``others`` are homes of hubs whose trust lists this one has taken in: theirs are judged, too.
    """
    folders = [home / "samples" for home in (hub.settings.root, *others)]
    samples = [path for folder in folders for path in sorted(folder.iterdir())]
    samples = [path for path in samples if path.suffix in {".pdf", ".ofd"}]
    now = hub.clock.now()
    passed = caught = 0
    for path in samples:
        data = path.read_bytes()
        found = hub.inspector.inspect(data, path.name, "certificate", now)
        passed += found.passed
        if not found.passed:  # for the log: names of files and codes, nothing of their contents
            sys.stderr.write(f"{path.name}  {found.indication} {' '.join(found.codes)}\n")
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


def _shares(hub: Hub, wanted: int) -> dict[str, int]:
    """Divide a number among the types that have data: at least one each, the rest to the first."""
    fed = {source.resource for source in hub.sources.values()}
    shares = {
        name: share for name, share in _SHARES.items() if hub.typebook.types[name].resource in fed
    }
    whole = sum(shares.values())
    parts = {name: max(1, int(wanted * share / whole)) for name, share in shares.items()}
    first = next(iter(parts))
    parts[first] = max(1, parts[first] + wanted - sum(parts.values()))
    return parts


def _named(hub: Hub, actor: Actor, named: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """Issue single certificates; returns how many there were to make, and how many failed."""
    wanted = failed = 0
    for kind, key in named:
        done = hub.issuer.issue(actor, kind, key).value
        if isinstance(done, Refused) and done.code == Code.ALREADY_ISSUED:
            continue
        wanted += 1
        failed += isinstance(done, Refused)
    return wanted, failed


def _files(hub: Hub, actor: Actor) -> tuple[int, int, int]:
    """Judge every sealed file as it lies in the store; keep one of each type and format.

    Returns the numbers of certificates, of files, and of files that passed.
    """
    folder = samples(hub)
    held = sealed = verified = 0
    now = hub.clock.now()
    for kind, one in _issued(hub, actor):
        held += 1
        files = hub.register.files(actor, one.id)
        for file in () if isinstance(files, Refused) else files:
            sealed += 1
            data = hub.objects.get(file.digest)
            verified += hub.tools.judge.judge(data, now).passed
            target = folder / f"{kind}.{file.format}"
            if not target.exists():
                target.write_bytes(data)
    return held, sealed, verified


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
