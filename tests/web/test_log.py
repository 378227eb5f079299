"""The log from outside: checkpoint, tiles and receipts, checked with a key one trusts."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit import receipts
from audit.note import LogKey, open_note
from audit.sequencer import Sequencer
from audit.tree import leaf_hash
from hub.wiring import Hub
from kernel.ids import JournalNo
from tests.web.test_door import assert_problem


class LocalSigner:
    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)


@pytest.fixture
def logged(make_peopled: Callable[[], Hub]) -> Hub:
    """A hub whose log was numbered and signed by a key of the test."""
    hub, signer = make_peopled(), LocalSigner()
    key = LogKey(hub.log.origin, signer.key.public_key().public_bytes_raw())
    hub.log.__dict__["key"] = key
    database = hub.database
    done = Sequencer(
        transactions=database.transactions,
        journal=database.journal,
        leases=database.leases,
        files=hub.log.files,
        signer=signer,
        key=key,
        clock=hub.clock,
    ).run_once(force=True)
    assert done is not None
    assert done.size > 5
    return hub


@pytest.fixture
def asker(logged: Hub, visitor_for: Any) -> Any:
    return visitor_for(logged)


def first(hub: Hub) -> tuple[JournalNo, bytes]:
    row = hub.database.transactions.read(lambda tx: hub.database.journal.after(tx, 0, 1))[0]
    return row.no, row.body


def test_a_receipt_is_proven_and_its_proof_checks_offline(logged: Hub, asker: Any) -> None:
    number, body = first(logged)
    shown = asker.get(f"/v1/audit/receipts/{number}").json()
    assert shown["state"] == "proven"
    assert base64.b64decode(shown["leaf_hash"]) == leaf_hash(body)
    proof = asker.get(f"/v1/audit/receipts/{number}/proof")
    assert proof.headers["content-disposition"].endswith('.tlog-proof"')
    index, checkpoint = receipts.verify(proof.text, body, logged.log.key)
    assert (index, checkpoint.size) == (0, shown["size"])


def test_the_checkpoint_is_a_signed_note_and_the_tiles_hold_the_leaves(
    logged: Hub, asker: Any
) -> None:
    note = asker.get("/v1/audit/checkpoint")
    checkpoint = open_note(note.text, logged.log.key)
    tile = asker.get(f"/v1/audit/tile/0/000.p/{checkpoint.size}")
    assert len(tile.content) == 32 * checkpoint.size
    assert tile.content[:32] == leaf_hash(first(logged)[1])
    assert "immutable" in tile.headers["cache-control"]


def test_bundles_of_entries_are_for_auditors(logged: Hub, asker: Any, bearer: Any) -> None:
    size = open_note(asker.get("/v1/audit/checkpoint").text, logged.log.key).size
    path = f"/v1/audit/tile/entries/000.p/{size}"
    assert assert_problem(asker.get(path))["code"] == "not-permitted"
    assert assert_problem(asker.get(path, headers=bearer(asker)))["code"] == "not-permitted"
    assert json.loads(first(logged)[1])["v"] == 1


@pytest.mark.parametrize(
    "path",
    ["0/999", "9/000", "0/000.p/0", "../../keys/data.key", "0/0", "entries/000.p/x", "%2e%2e/x"],
)
def test_a_tile_that_is_not_there_is_not_found(asker: Any, path: str) -> None:
    answer = asker.get(f"/v1/audit/tile/{path}")
    assert answer.status_code in {403, 404}
    assert_problem(answer)


def test_the_log_page_shows_root_entries_and_proof(logged: Hub, asker: Any) -> None:
    asker.sign_in("auditor")
    page = asker.page(f"/log?no={first(logged)[0]}").text
    assert logged.log.origin in page
    assert "包含证明" in page
    assert "certificates.issued" in page


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999"])
def test_a_nonsense_number_has_no_receipt(asker: Any, number: str) -> None:
    for path in (f"/v1/audit/receipts/{number}", f"/v1/audit/receipts/{number}/proof"):
        assert assert_problem(asker.get(path))["code"] == "request-malformed"
    assert assert_problem(asker.get("/v1/audit/receipts/99999"))["code"] == "log-entry-unknown"
    assert (
        assert_problem(asker.get("/v1/audit/receipts/99999/proof"))["code"] == "log-entry-unknown"
    )
