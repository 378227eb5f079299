"""Makes the demo's city: people and deliveries, authorities, seals, trust list, personas, clients.

Everything is safe to repeat: what is there stays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hub.demo.plan import Place
from hub.settings import OWN
from kernel.actors import system
from kernel.errors import Refused, TongbanError
from signing.seal_model import Seal, SealApplication, SealState
from signing.trust import save
from signing.x509 import to_pem

if TYPE_CHECKING:
    from certificates.model import CertificateType
    from examples.world.model import Baby, Person, Truth
    from hub.wiring import Hub

FURTHER = ("births", "enterprises", "real-estate")
"""Departments that deliver besides the police and the civil affairs."""
AGENCY = "jyj-enrolment"
"""Client id of the agency that fetches: the education bureau's enrolment system."""
_SETUP = (
    "signing.authority",
    "signing.seal-apply",
    "signing.seal-read",
)
_SEAL_YEARS = timedelta(days=365 * 3)


@dataclass(frozen=True, slots=True)
class City:
    """What the later phases need to know of the city."""

    truth: Truth
    family: Baby
    """The newborn whose journey is walked, with both parents."""
    guardian: Person
    """The parent who heads the household: holds its register and the marriage certificate."""


def found(place: Place) -> None:
    """Lay what a hub of the city must find when it opens: its registry and what it is."""
    from examples.world.install import lay

    lay(place.home, region=place.region, further=FURTHER)
    rows = {"REGION": place.region, "CITY": place.name, "PORT": place.port}
    text = "".join(f"TONGBAN_{name}={value}\n" for name, value in rows.items())
    _write(place.home / OWN, text)


def people(hub: Hub, residents: int, neighbours: Sequence[str] = ()) -> City:
    """Lay deliveries and sources, and let the holder persona be a newborn's parent.

    ``neighbours`` are cities with which this one shares families.
    """
    truth = _truth(hub, residents, neighbours)
    family = _family(truth)
    if family is None:
        raise TongbanError("demo-city-too-small", residents=residents)
    _persona(hub, family.father)
    _client(hub)
    return City(truth, family, family.father)


def _truth(hub: Hub, residents: int, neighbours: Sequence[str]) -> Truth:
    """Make the deliveries; those of an earlier run stay, with what a case has changed since."""
    from examples.world.install import install
    from examples.world.model import Truth

    home, region = hub.settings.root, hub.settings.region
    wanted = (residents, region, tuple(sorted(neighbours)))
    with suppress(OSError, ValueError):
        kept = Truth.read(home / "inbox" / "truth.json")
        if (kept.plan.residents, kept.plan.region, kept.plan.neighbours) == wanted:
            return kept
    return install(home, residents=residents, region=region, further=FURTHER, neighbours=neighbours)


def _family(truth: Truth) -> Baby | None:
    """Return a newborn whose mother lives in another city, or else one whose father is a head."""
    heads = {household.head.id_number for household in truth.households}
    region = truth.plan.region
    across = (baby for baby in truth.babies if baby.mother_region != region)
    inside = (baby for baby in truth.babies if baby.father.id_number in heads)
    return next(across, None) or next(inside, None)


def seals(hub: Hub) -> list[Seal]:
    """Establish the region's CA, make one official seal per issuing body, publish the trust."""
    region = hub.settings.region
    clerk = system("demo-applicant", region, _SETUP)
    if isinstance(hub.authority.establish(clerk), Refused):
        raise TongbanError("not-permitted", action="signing.authority")
    made = [_seal(hub, kind.issuing_code, kind.issuing_org) for kind in _one_per_body(hub)]
    if hub.trust.store().region(region, hub.clock.now()) is None:
        save(hub.authority.trust_list(1), hub.settings.root)
    hub.revocation.publish()
    publish_trust(hub)
    return made


def publish_trust(hub: Hub) -> None:
    """Write the trust as PEM files into ``home/trust``: what a verifier elsewhere needs.

    ``anchors.pem`` suffices: beside the roots it holds the issuing CAs, which no OFD seal carries.
    ``seal-makers.pem`` narrows the trust to the region's own seal makers. ``revocation.crl`` (PEM)
    tells which certificates no longer count; the hub keeps it fresh.
    """
    folder = hub.settings.root / "trust"
    folder.mkdir(exist_ok=True)
    store, now = hub.trust.store(), hub.clock.now()
    files = {
        "anchors": (*store.anchors(now), *store.cas(now)),
        "seal-makers": store.seal_makers(now),
    }
    for name, certs in files.items():
        (folder / f"{name}.pem").write_bytes(b"".join(to_pem(cert.der) for cert in certs))
    hub.revocation.bundle()


def agency_key(home: Path) -> Path:
    """Return where the demo agency keeps its private key (PEM, mode 0600)."""
    return home / "run" / f"{AGENCY}.pem"


def _one_per_body(hub: Hub) -> list[CertificateType]:
    fed = {source.resource for source in hub.sources.values()}
    kinds = {kind.issuing_code: kind for kind in hub.typebook if kind.resource in fed}
    return list(kinds.values())


def _seal(hub: Hub, org: str, name: str) -> Seal:
    """Apply as one, approve as another; an existing seal in use is kept."""
    region, now = hub.settings.region, hub.clock.now().replace(microsecond=0)
    applicant = system("demo-applicant", region, _SETUP)
    approver = system("demo-approver", region, ("signing.seal-approve",))
    found = hub.seals.list(applicant)
    for seal in () if isinstance(found, Refused) else found:
        if seal.application.org != org:
            continue
        if seal.state is SealState.IN_USE:
            return seal
        if seal.state is SealState.APPROVED:
            return _sealed(hub.seals.complete(seal.seal_id).value)
    wanted = SealApplication(org, name, region, now - timedelta(hours=1), now + _SEAL_YEARS)
    applied = _sealed(hub.seals.apply(applicant, wanted).value)
    return _sealed(hub.seals.approve(approver, applied.seal_id).value)


def _sealed(answer: Seal | Refused) -> Seal:
    if isinstance(answer, Refused):
        raise TongbanError(answer.code, **answer.params)
    return answer


def _persona(hub: Hub, parent: Person) -> None:
    from identity.directory import load_directory, persona_text

    # Read apart from the hub's own directory, which is loaded once and must see what is written.
    default = load_directory(region=hub.settings.region).personas["holder"]
    text = persona_text(
        default,
        person=parent.name,
        holder_code=parent.id_number,
    )
    _write(hub.settings.root / "registry" / "identity" / "personas" / "holder.toml", text)


def _client(hub: Hub) -> None:
    """Make the agency's key once and register its public half."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from joserfc.jwk import ECKey

    path = agency_key(hub.settings.root)
    if not path.exists():
        private = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_bytes(private)
    public = ECKey.import_key(path.read_bytes()).as_dict(private=False)
    rows = [
        f"name = {json.dumps(f'示例{hub.settings.city}教育局入学报名系统', ensure_ascii=False)}",
        'org = "jyj"',
        'roles = ["agency"]',
        'status = "active"',
        "[[keys]]",
        *(f"{name} = {json.dumps(public[name])}" for name in ("kty", "crv", "x", "y")),
        'kid = "demo-1"',
    ]
    folder = hub.settings.root / "registry" / "identity" / "clients"
    _write(folder / f"{AGENCY}.toml", "\n".join(rows) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".fresh")
    draft.write_text(text, "utf-8")
    draft.chmod(0o600)
    draft.replace(path)
