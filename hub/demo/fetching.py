"""The demo's uses of certificates: on a legal basis, by grant with a copy, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from certificates.grants_model import GrantOffer
from hub.demo.agency import Agency
from hub.demo.city import AGENCY, City
from kernel.errors import Refused, TongbanError

if TYPE_CHECKING:
    from hub.wiring import Hub

MATTER = "school-enrolment"
PURPOSE = "school-eligibility"
TYPE = "household-register"
FIELDS = ("household_number", "head_name", "address")
_WHOLE = (*FIELDS, "members")
"""A copy shows the whole face, so the holder must allow all of it."""
LAW: Final[Mapping[str, Any]] = {
    "matter": MATTER,
    "purpose": PURPOSE,
    "legal_basis": "compulsory-education-12",
    "certificate": {"type": TYPE},
    "fields": list(FIELDS),
}
"""A question on a legal basis; case and holder are missing."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the agency got, and with which codes it was refused."""

    by_law: int
    by_grant: int
    copies: tuple[str, ...]
    refused: tuple[str, ...]
    ok: bool


def fetch(hub: Hub, city: City) -> Fetched:
    """Ask as an agency over HTTP: by law for fields, by grant for a copy, four times wrongly."""
    holder = {"code": city.guardian.id_number}
    by_law = {**LAW, "case_no": "DEMO-2026-0001", "holder": holder}
    common = {name: by_law[name] for name in ("matter", "purpose", "certificate", "holder")}
    by_grant = {
        **common,
        "case_no": "DEMO-2026-0002",
        "grant": _grant(hub, "DEMO-2026-0002"),
        "fields": list(_WHOLE),
        "formats": ["data", "pdf", "ofd"],
    }
    with Agency(hub.settings) as agency:
        first, second = agency.request(by_law), agency.request(by_grant)
        wrong = (
            agency.request({**by_law, "purpose": ""}),
            agency.request({**by_law, "certificate": {"type": "marriage"}}),
            agency.request({**by_law, "legal_basis": "because"}),
            agency.request(by_grant),
        )
        files = second.body.get("files", []) if second.status == 200 else []
        copies = kept(agency, files, hub.settings.root / "samples", "copy")
    refused = tuple(str(answer.body.get("code")) for answer in wrong if answer.status >= 400)
    whole = first.status == 200 and set(first.body["data"]["fields"]) == set(FIELDS)
    return Fetched(
        by_law=int(first.status == 200),
        by_grant=int(second.status == 200),
        copies=copies,
        refused=refused,
        ok=whole and len(copies) == 2 and len(refused) == len(wrong),
    )


def _grant(hub: Hub, case_no: str) -> str:
    """Let the holder allow one use, as on the page of the holder."""
    holder = hub.identity.actor_of_persona(hub.directory.personas["holder"])
    offer = GrantOffer(
        requester=_code(hub, hub.directory.clients[AGENCY].org),
        matter=MATTER,
        case_no=case_no,
        purpose=PURPOSE,
        type=TYPE,
        fields=_WHOLE,
        formats=("data", "pdf", "ofd"),
    )
    given = hub.grants.give(holder, offer).value
    if isinstance(given, Refused):
        raise TongbanError(given.code, **given.params)
    return str(given.id)


def _code(hub: Hub, org: str) -> str:
    """Return the credit code of an organisation named by its key."""
    found = hub.directory.org(org)
    if found is None:
        raise TongbanError("demo-step-failed", step=f"org {org}")
    return found.code


def kept(
    agency: Agency, files: list[Mapping[str, Any]], folder: Path, name: str
) -> tuple[str, ...]:
    """Download annotated copies beside the samples, ``name`` first; returns the files' names."""
    folder.mkdir(exist_ok=True)
    names = []
    for file in files:
        names.append(f"{name}-{TYPE}.{file['format']}")
        (folder / names[-1]).write_bytes(agency.download(file["href"]))
    return tuple(names)
