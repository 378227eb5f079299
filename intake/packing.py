"""Lists and small records as the text of one column. What names a person is sealed by the store."""

from __future__ import annotations

import json
from collections.abc import Sequence

from intake.model import Evidence, Party, PeerEntry, Try, WayKind
from kernel.clock import from_iso, to_iso
from kernel.ids import JournalNo


def tried_text(items: Sequence[Try]) -> str:
    """Return the ways that did not help as text."""
    rows = [
        [item.way.value, item.code, item.region, dict(item.params), item.attempt] for item in items
    ]
    return json.dumps(rows, ensure_ascii=False)


def tried(text: str) -> tuple[Try, ...]:
    """Read ``tried_text``, also rows of way and code alone, as they once were."""
    return tuple(Try(WayKind(way), *more) for way, *more in json.loads(text))


def evidence_text(item: Evidence) -> str:
    """Return where something came from as text."""
    peer = item.peer
    body = {
        "region": item.region,
        "at": to_iso(item.at),
        "basis": item.basis,
        "identifier": item.identifier,
        "journal": item.journal,
        "peer": [peer.subject, peer.leaf] if peer else None,
    }
    return json.dumps(body)


def evidence(text: str) -> Evidence:
    """Read ``evidence_text``."""
    body = json.loads(text)
    return Evidence(
        region=body["region"],
        at=from_iso(body["at"]),
        basis=body["basis"],
        identifier=body["identifier"],
        journal=JournalNo(body["journal"]) if body["journal"] is not None else None,
        peer=PeerEntry(*body["peer"]) if body["peer"] else None,
    )


def parties_text(parties: Sequence[Party]) -> str:
    """Return the people of a case as text: personal, to be sealed."""
    return json.dumps(
        [
            {
                "name": item.name,
                "ref": item.ref,
                "code": item.code,
                "values": dict(item.values),
                "version": item.version,
                "row_key": item.row_key,
                "region": item.region,
            }
            for item in parties
        ],
        ensure_ascii=False,
    )


def parties(text: str) -> tuple[Party, ...]:
    """Read ``parties_text``, also without regions, as it once was."""
    return tuple(Party(**item) for item in json.loads(text))
