"""One session of all judges over all files; what the tests look at and the page is written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from signing import x509
from signing.checks.case import Trust
from signing.seal_model import Role
from tests.judges import changes
from tests.judges.city import City, Sample, city, samples
from tests.judges.commands import Openssl, Qpdf
from tests.judges.jvm import BouncyCastle, Dss, Ofdrw
from tests.judges.kinds import more
from tests.judges.libraries import Pdfium, PyHanko
from tests.judges.opinions import Judge, MissingError, Opinion, Trusted
from tests.signing_formats.conftest import issue

JUDGES: tuple[Judge, ...] = (Ofdrw(), Dss(), BouncyCastle(), PyHanko(), Openssl(), Qpdf(), Pdfium())
CHANGES = {
    "one octet of the content changed": changes.content,
    "one octet of the signature value changed": changes.signature,
    "a drawing added after the seal": changes.later,
}
STRANGER = "sealed by a region that is not trusted"


@dataclass(frozen=True, slots=True)
class Question:
    """A file before a judge. ``control`` is empty for a good file, else what is wrong with it."""

    kind: str
    control: str
    judge: str


@dataclass(frozen=True, slots=True)
class Trial:
    """All opinions; ``versions`` of the judges that sat, ``missing`` why others did not."""

    samples: tuple[Sample, ...]
    opinions: Mapping[Question, Opinion]
    versions: Mapping[str, str]
    missing: Mapping[str, str]
    broken: tuple[tuple[str, str, bytes], ...]
    """Kind, what is wrong, the file."""
    trust: Trust
    at: datetime


def hold(folder: Path) -> Trial:
    """Make every kind of file, break some, and hear every judge that is here."""
    with city(folder) as place:
        made = (*samples(place), *more(place))
        trusted = _trusted(place)
        strangers = replace(trusted, root=_foreign_roots(place))
        broken = tuple(_broken(place, made))
        trust = place.trust
    versions: dict[str, str] = {}
    missing: dict[str, str] = {}
    opinions: dict[Question, Opinion] = {}
    for judge in JUDGES:
        try:
            versions[judge.name] = judge.version()
        except MissingError as error:
            missing[judge.name] = str(error)
            continue
        opinions |= _hear(judge, [(item.kind, "", item) for item in made] + list(broken), trusted)
        opinions |= _hear(judge, [(item.kind, STRANGER, item) for item in _first(made)], strangers)
    files = tuple((kind, control, sample.data) for kind, control, sample in broken)
    known = Trust(anchors=trust.anchors, cas=trust.cas, seal_makers=trust.seal_makers)
    return Trial(made, opinions, versions, missing, files, known, datetime.now(UTC))


def _hear(
    judge: Judge, files: Sequence[tuple[str, str, Sample]], trusted: Trusted
) -> dict[Question, Opinion]:
    known = [item for item in files if judge.knows(item[2].known_by)]
    heard = judge.judge([sample.path for _, _, sample in known], trusted) if known else []
    return {
        Question(kind, control, judge.name): opinion
        for (kind, control, _), opinion in zip(known, heard, strict=True)
    }


def _broken(place: City, made: Sequence[Sample]) -> list[tuple[str, str, Sample]]:
    found = []
    for sample in made:
        for number, (control, change) in enumerate(CHANGES.items()):
            if change is changes.later and sample.format == "ofd":
                continue  # a package has no revisions
            path = place.file(f"broken{number}-{sample.path.name}", change(sample.data))
            found.append((sample.kind, control, replace(sample, path=path)))
    return found


def _first(made: Sequence[Sample]) -> list[Sample]:
    return list({(sample.format, sample.algorithm): sample for sample in reversed(made)}.values())


def _trusted(place: City) -> Trusted:
    families = ("sm2_sm3", "ecdsa_p256")

    def certificates(role: Role) -> dict[str, Path]:
        return {
            name: place.file(f"{role.value}-{name}.der", place.certificate(role, name))
            for name in families
        }

    return Trusted(
        certificates(Role.ROOT),
        certificates(Role.CA),
        {
            name: (
                place.file(f"root-{name}.crl", place.root_crl(name)),
                place.file(f"ca-{name}.crl", place.authority.crl(name)),
            )
            for name in families
        },
    )


def _foreign_roots(place: City) -> dict[str, Path]:
    now = datetime.now(UTC).replace(microsecond=0)
    span = (now - timedelta(days=1), now + timedelta(days=90))
    return {
        name: place.file(
            f"foreign-{name}.der", issue("外市根 DEMO", name, x509.ROOT, None, *span).cert
        )
        for name in ("sm2_sm3", "ecdsa_p256")
    }
