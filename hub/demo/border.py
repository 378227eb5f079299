"""Two cities of the demo deal with each other: trust and peers, uses of certificates, both logs."""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2

from certificates.exchange import wire
from certificates.exchange.directory import ACTION, Directory
from certificates.exchange.matching import Outcome
from certificates.exchange.message import Message
from certificates.exchange.model import Received
from certificates.exchange.ports import Line
from certificates.requests_model import CertificateAsk
from hub import logbook, peeraudit, trustdesk
from hub.demo.agency import Agency, Answer
from hub.demo.city import AGENCY
from hub.demo.fetching import FIELDS, LAW, MATTER, PURPOSE, TYPE, kept
from hub.revocation import lists_folder
from kernel.actors import Actor, ActorKind, Reach, system
from kernel.errors import Refused, TongbanError
from signing.authority import FAMILIES
from signing.trust_exchange import fingerprint, held, history

if TYPE_CHECKING:
    from hub.wiring import Hub

_DAYS: Final = 365


@dataclass(frozen=True, slots=True)
class Crossing:
    """One city's questions to another. ``codes``: whom refused what, in the order asked."""

    region: str
    answered: int
    files: int
    refused: tuple[str, ...]
    ok: bool


@dataclass(frozen=True, slots=True)
class Match:
    """What two logs say of the questions between them, in both directions."""

    exchanges: int
    matched: int
    """Those of which each log names the other's entry."""
    ok: bool


@dataclass(slots=True)
class _Copying:
    """A line that keeps what went over it, as somebody who listens would."""

    inner: Line
    sent: list[Message] = field(default_factory=list)

    def send(self, question: Message, region: str) -> Message:
        """Send on."""
        self.sent.append(question)
        return self.inner.send(question, region)


def introduce(hub: Hub) -> dict[str, Any]:
    """Return what an operator tells those of other cities: list, fingerprint, address, key.

    The list that was given out last stays in use while it is in force.
    """
    settings, home = hub.settings, hub.settings.root
    own, numbers = held(home, settings.region), history(home, settings.region)
    if own and numbers and own.version == numbers[-1] and own.in_force(hub.clock.now()):
        folder = home / "registry" / "signing" / "trust"
        listed, data = own, (folder / f"{own.region}-{own.version}.json").read_bytes()
    else:
        listed, data = trustdesk.export(hub, _DAYS)
    return {
        "region": settings.region,
        "name": settings.city,
        "address": settings.address,
        "list": base64.b64encode(data).decode(),
        "anchor": fingerprint(listed.anchors[0]),
        "key": base64.b64encode(hub.message_key.info().spki).decode(),
        "log_key": hub.log.key.to_text(),
        "handles": {
            name: sorted({matter.org, *matter.windows})
            for name, matter in hub.matters.matters.items()
        },
    }


def meet(hub: Hub, other: Mapping[str, Any]) -> None:
    """Import another city's list, fetch its revocation lists, register its hub as a peer."""
    trustdesk.take(hub, base64.b64decode(other["list"]), other["anchor"])
    _revocations(hub, other["region"], other["address"])
    directory = Directory(hub.database.transactions, hub.clock, hub.settings.root)
    added = directory.add(
        system("demo-operator", hub.settings.region, (ACTION,)),
        other["region"],
        name=other["name"],
        address=other["address"],
        key=other["key"],
        handles={name: tuple(orgs) for name, orgs in other["handles"].items()},
    )
    if isinstance(added.value, Refused):
        raise TongbanError(added.value.code, **added.value.params)


def cross(hub: Hub, own: str, *, region: str, holder: str) -> Crossing:
    """Ask the hub of ``region`` about ``holder``, who lives there: rightly once, wrongly thrice.

    ``own`` is somebody who lives here, of whom the other city knows nothing.
    """
    law = {**LAW, "case_no": f"DEMO-{region}-0001", "region": region, "holder": {"code": holder}}
    with Agency(hub.settings) as agency:
        right = _patiently(agency, {**law, "formats": ["data", "pdf", "ofd"]})
        wrong = (
            _patiently(agency, {**law, "legal_basis": ""}),
            _patiently(agency, {**law, "holder": {"code": own}}),
        )
        files = right.body.get("files", []) if right.status == 200 else []
        copies = kept(agency, files, hub.settings.root / "samples", f"copy-from-{region}")
    replayed = _replayed(hub, region, holder)
    refused = (*(str(answer.body.get("code")) for answer in wrong), replayed)
    origins = [str(answer.body.get("origin", "")) for answer in wrong]
    peer = right.body.get("peer") or {}
    for answer in (right, *wrong):  # for the log: codes, nothing of the contents
        sys.stderr.write(f"{region}  {answer.status} {answer.body.get('code', '')}\n")
    return Crossing(
        region=region,
        answered=int(right.status == 200),
        files=len(copies),
        refused=refused,
        ok=right.status == 200
        and set(right.body["data"]["fields"]) == set(FIELDS)
        and peer.get("region") == region
        and len(copies) == 2
        and refused == ("basis-missing", "not-found-or-not-permitted", "peer-replayed")
        and origins == [hub.settings.region, region],
    )


def tell(hub: Hub, peer: str) -> None:
    """Write what this hub's log holds about a peer, with proofs, to where ``match`` finds it."""
    lines = peeraudit.lines(hub, _auditor(hub), peer)
    if isinstance(lines, Refused):
        raise TongbanError(lines.code, **lines.params)
    file = told(hub.settings.root, peer)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        out.writelines(lines)


def told(home: Path, peer: str) -> Path:
    """Return the file that ``tell`` writes."""
    return home / "reports" / "exchange" / f"{peer}.jsonl"


def match(hub: Hub, home: Path, key: str) -> Match:
    """Hold what the hub in ``home`` told against the own log; ``key`` is the other log's.

    The match itself lets young contradictions pass, since a log may be behind. Here everything has
    been waited for, so that whatever is not settled counts as wrong.
    """
    with told(home, hub.settings.region).open("rb") as theirs:
        found = peeraudit.compare(hub, _auditor(hub), theirs, peeraudit.key_of(key))
    if isinstance(found, Refused):
        raise TongbanError(found.code, **found.params)
    matched = found.counts.get(Outcome.MATCHED, 0)
    settled = set(found.counts) <= {Outcome.MATCHED, Outcome.UNANSWERED, Outcome.UNREACHED}
    return Match(sum(found.counts.values()), matched, ok=found.ok and settled and matched > 0)


def _revocations(hub: Hub, region: str, address: str) -> None:
    """Keep another city's lists beside the own ones; a hub reads them anew at once."""
    folder = lists_folder(hub.settings.root)
    folder.mkdir(parents=True, exist_ok=True)
    with httpx2.Client(base_url=address, timeout=20, trust_env=False) as client:
        for name in _names(region):
            answer = client.get(f"/v1/crls/{name}")
            if answer.status_code != 200:
                raise TongbanError("demo-step-failed", step=f"crl {name} {answer.status_code}")
            _put(folder / name, answer.content)


def _names(region: str) -> Iterable[str]:
    for middle in ("", "root-"):
        yield from (f"{region}-{middle}{algorithm}.crl" for algorithm in FAMILIES)


def _put(path: Path, data: bytes) -> None:
    draft = path.with_suffix(".fresh")
    draft.write_bytes(data)
    draft.replace(path)


def _patiently(agency: Agency, body: Mapping[str, Any]) -> Answer:
    """Ask, and ask again under the same key where the other city was slow: nothing happens twice.

    A hub gives up on a peer after seconds, which a machine that does much else may need.
    """
    key = secrets.token_hex(16)
    answer = agency.request(body, key)
    for _ in range(3):
        if not answer.body.get("retryable"):
            break
        answer = agency.request(body, key)
    return answer


def _replayed(hub: Hub, region: str, holder: str) -> str:
    """Ask once, send the very same message again, and return how the home hub refuses it."""
    line = _Copying(hub.line)
    asking = replace(hub.exchange, line=line)
    ask = CertificateAsk(
        idempotency_key=secrets.token_hex(16),
        matter=MATTER,
        case_no=f"DEMO-{region}-0002",
        purpose=PURPOSE,
        type=TYPE,
        basis=str(LAW["legal_basis"]),
        fields=FIELDS,
        formats=("data",),
        holder_code=holder,
    )
    for _ in range(4):
        given = asking.fetch(_client(hub), ask, region).value
        if isinstance(given, Received):
            break
    if isinstance(given, Refused):
        return given.code
    again = hub.line.send(line.sent[-1], region)
    refused = wire.read_reply(again.body).refused
    return refused.code if refused else "served-twice"


def _client(hub: Hub) -> Actor:
    """Return the agency as the door would know it."""
    org = hub.directory.org(hub.directory.clients[AGENCY].org)
    rights = {"certificates.request": Reach.ORG}
    code = org.code if org else ""
    return Actor(f"client:{AGENCY}", ActorKind.CLIENT, org=code, rights=rights)


def _auditor(hub: Hub) -> Actor:
    return system("demo-auditor", hub.settings.region, (logbook.CHECK, logbook.READ))
