"""Two logs matched: what agrees, what does not, and what no hub can hide."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from audit.note import LogKey, key_from_text
from certificates.exchange import matching, peerlog
from certificates.exchange.matching import Matching, Outcome
from certificates.exchange.model import Received
from certificates.exchange.words import MATCHES
from hub import peeraudit
from hub.commands import build
from hub.logbook import CHECK, READ
from hub.wiring import Hub
from kernel.actors import Actor, ActorKind, system
from kernel.errors import Refused, TongbanError
from kernel.ports import Event
from tests.certificates.doubles import MOTHER
from tests.exchange.conftest import ASKER, HOME, Border, free_port, two_hubs, write_peer

AUDITOR = system("auditor", rights=(CHECK, READ))


def exported(hub: Hub, peer: str) -> bytes:
    lines = peeraudit.lines(hub, AUDITOR, peer)
    assert not isinstance(lines, Refused), lines
    return b"".join(lines)


def both(border: Border) -> tuple[bytes, bytes]:
    border.sequence()
    return exported(border.asker, HOME), exported(border.home, ASKER)


def compared(ours: bytes, theirs: bytes) -> Matching:
    return peeraudit.compare_files(io.BytesIO(ours), io.BytesIO(theirs), None, None)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is too young to be told."""
    monkeypatch.setattr(matching, "SETTLES", timedelta(0))


@pytest.fixture(scope="module")
def fresh_border(tmp_path_factory: pytest.TempPathFactory, agency_key: ECKey) -> Iterator[Border]:
    """Two hubs whose logs hold nothing else: what is kept back here must be this module's."""
    with two_hubs(tmp_path_factory.mktemp("matched"), agency_key) as border:
        yield border


@pytest.fixture(scope="module")
def traffic(fresh_border: Border) -> Border:
    """Every way an exchange can end: given, given again, refused, lost, never reached."""
    border = fresh_border
    write_peer(border.asker, border.home)
    write_peer(border.home, border.asker)
    ask = border.ask()
    assert isinstance(border.fetch(ask), Received)
    assert isinstance(border.fetch(ask), Received)
    assert isinstance(border.fetch(border.ask(formats=("data", "pdf"))), Received)
    assert border.fetch(border.ask(holder_code=MOTHER)).code
    border.proxy.behave(lambda answer: [(0.0, answer[:300])])
    assert border.fetch().code == "peer-answer-incomplete"
    border.proxy.behave()
    write_peer(border.home, border.asker, per_minute="1")
    assert border.fetch().code == "peer-rate"
    write_peer(border.home, border.asker)
    write_peer(border.asker, border.home, address=f'"http://127.0.0.1:{free_port()}"')
    assert border.fetch().code == "peer-unreachable"
    write_peer(border.asker, border.home)
    return border


def test_honest_logs_agree_whatever_happened(traffic: Border, settled: None) -> None:
    found = compared(*both(traffic))
    assert found.ok, found
    assert found.counts[Outcome.MATCHED] >= 5
    assert found.counts[Outcome.UNANSWERED] >= 1
    assert found.counts[Outcome.UNREACHED] >= 1
    assert not set(found.counts) & matching.FAULTS
    turned = compared(*reversed(both(traffic)))
    assert turned.ok
    assert turned.counts == found.counts


def test_the_file_holds_no_personal_data_and_no_body_of_an_answer(traffic: Border) -> None:
    for data in both(traffic):
        text = data.decode()
        assert "测试" not in text
        assert traffic.ask().holder_code not in text
        answers = [row for row in map(json.loads, data.splitlines()[1:]) if "leaf" in row]
        assert all(set(row) == {"index", "proof", "leaf", "kind", "subject"} for row in answers)


def test_one_hub_matches_its_own_log_with_the_file_of_the_other(
    traffic: Border, settled: None
) -> None:
    _, theirs = both(traffic)
    key = traffic.home.log.key
    found = peeraudit.compare(traffic.asker, AUDITOR, io.BytesIO(theirs), key)
    assert isinstance(found, Matching)
    assert found.ok
    assert traffic.events(traffic.asker, "peer-log-exported")


def without(data: bytes, kind: str) -> bytes:
    """Leave out the first entry of a kind, as a hub would that wants to hide it."""
    lines = data.splitlines(keepends=True)
    at = next(no for no, line in enumerate(lines) if f"certificates.{kind}".encode() in line)
    return b"".join(lines[:at] + lines[at + 1 :])


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome"),
    [
        ("exchange-asked", "", Outcome.ONLY_THERE),
        ("", "request-served", Outcome.DIFFERENT),
        ("", "exchange-admitted", Outcome.DIFFERENT),
    ],
)
def test_an_entry_that_one_side_keeps_back_is_missed_by_the_other(
    traffic: Border, settled: None, ours: str, theirs: str, outcome: Outcome
) -> None:
    mine, other = both(traffic)
    mine = without(mine, ours) if ours else mine
    other = without(other, theirs) if theirs else other
    found = compared(mine, other)
    assert not found.ok
    assert found.counts[outcome] == 1
    assert found.listed[0].outcome is outcome
    turned = compared(other, mine)
    mirror = {Outcome.ONLY_THERE: Outcome.ONLY_HERE}.get(outcome, outcome)
    assert turned.counts[mirror] == 1


def test_a_home_that_keeps_back_a_whole_exchange_leaves_it_only_here(
    traffic: Border, settled: None
) -> None:
    mine, other = both(traffic)
    found = compared(mine, without(without(other, "exchange-admitted"), "request-served"))
    assert found.counts[Outcome.ONLY_HERE] == 1
    assert found.listed[0].why == "answer-not-in-their-log"


def test_what_is_young_is_left_open(traffic: Border) -> None:
    mine, other = both(traffic)
    found = compared(mine, without(without(other, "exchange-admitted"), "request-served"))
    assert found.ok
    assert found.counts[Outcome.OPEN] == 1


def rows(data: bytes, change: Callable[[int, dict[str, Any]], dict[str, Any]]) -> bytes:
    changed = [change(no, json.loads(line)) for no, line in enumerate(data.splitlines())]
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in changed)


def moved(no: int, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"index": row["index"] + 1} if no == 1 else row


def other_leaf(no: int, row: dict[str, Any]) -> dict[str, Any]:
    if "leaf" in row:
        return row | {"leaf": base64.b64encode(bytes(32)).decode()}
    return row


def cut_proof(no: int, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"proof": row["proof"][:-1]} if no else row


@pytest.mark.parametrize("change", [moved, other_leaf, cut_proof])
def test_an_entry_that_the_checkpoint_does_not_prove_is_named_by_its_line(
    traffic: Border, settled: None, change: Callable[[int, dict[str, Any]], dict[str, Any]]
) -> None:
    mine, other = both(traffic)
    found = compared(mine, rows(other, change))
    assert not found.ok
    assert found.unproven_there
    assert not found.unproven_here


def test_a_file_signed_by_another_log_or_changed_in_its_checkpoint_is_refused(
    traffic: Border,
) -> None:
    mine, other = both(traffic)
    stranger = LogKey(traffic.home.log.origin, bytes(32))
    with pytest.raises(TongbanError) as caught:
        peeraudit.compare_files(io.BytesIO(mine), io.BytesIO(other), stranger, None)
    assert caught.value.code == "note-untrusted"

    def forged(no: int, row: dict[str, Any]) -> dict[str, Any]:
        return row | {"checkpoint": row["checkpoint"].replace("\n", "\n1", 1)} if not no else row

    with pytest.raises(TongbanError) as caught:
        compared(mine, rows(other, forged))
    assert caught.value.code == "note-untrusted"


def test_the_same_line_twice_counts_once(traffic: Border, settled: None) -> None:
    mine, other = both(traffic)
    lines = other.splitlines(keepends=True)
    assert compared(mine, other + lines[1]).unproven_there == (len(lines) + 1,)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}\n", b"[]\n", b"\xff\n", b"null", b'{"format":"tongban-peer-log"}', b"[" * 9999],
)
def test_what_is_no_such_file_is_refused_by_its_line(traffic: Border, data: bytes) -> None:
    mine, other = both(traffic)
    with pytest.raises(TongbanError) as caught:
        compared(mine, data)
    assert caught.value.code == "peer-log-malformed"
    if data:
        with pytest.raises(TongbanError) as caught:
            compared(mine, other + data)
        assert caught.value.code == "peer-log-malformed"
        assert caught.value.params["line"] == str(len(other.splitlines()) + 1)


def test_a_file_about_somebody_else_is_refused(traffic: Border) -> None:
    mine, other = both(traffic)
    for ours, theirs in ((mine, mine), (other, other)):
        with pytest.raises(TongbanError) as caught:
            compared(ours, theirs)
        assert caught.value.code == "peer-log-other"
    with pytest.raises(TongbanError) as caught:
        peeraudit.compare(traffic.home, AUDITOR, io.BytesIO(other))
    assert caught.value.code == "peer-log-other"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_line_or_a_refusal(data: bytes) -> None:
    for reading in (lambda: peerlog.read_head(data), lambda: list(_prove(data))):
        try:
            reading()
        except TongbanError as error:
            assert error.code == "peer-log-malformed"  # noqa: PT017 - either outcome is right


def _prove(data: bytes) -> list[Any]:
    note, key = _NOTE
    head = peerlog.Head(HOME, ASKER, matching.datetime.now().astimezone(), note, key)
    return list(peerlog.prove(head, [data]))


def _signed() -> tuple[str, str]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from audit.model import Checkpoint
    from audit.note import body_of, signed_note

    private = Ed25519PrivateKey.generate()
    key = LogKey("tongban/test", private.public_key().public_bytes_raw())
    checkpoint = Checkpoint(key.name, 1, bytes(32))
    note = signed_note(checkpoint, key, private.sign(body_of(checkpoint)))
    return note, key.to_text()


_NOTE = _signed()


def test_who_may_not_audit_gets_nothing(traffic: Border) -> None:
    nobody = Actor("staff:nobody", ActorKind.STAFF)
    assert isinstance(peeraudit.lines(traffic.home, nobody, ASKER), Refused)
    assert isinstance(peeraudit.compare(traffic.home, nobody, io.BytesIO(b"")), Refused)
    found = peeraudit.lines(traffic.home, AUDITOR, "410500")
    assert found == Refused("peer-unknown", {"region": "410500"})


def test_an_entry_that_a_hub_makes_up_is_only_there(
    traffic: Border, settled: None, tmp_path: Path
) -> None:
    """A home that logs a question which nobody asked is found out by the asker's log."""
    actor = Actor(f"peer:{ASKER}", ActorKind.CLIENT)
    data = {"region": ASKER, "peer_entry": "xch-made-up", "peer_leaf": "A" * 43 + "="}
    event = Event("certificates.exchange-admitted", "xch-made-up", actor, data)
    traffic.home.database.transactions.write(lambda tx: tx.record(event))
    mine, other = both(traffic)
    found = compared(mine, other)
    assert found.counts[Outcome.ONLY_THERE] == 1
    assert (found.listed[0].exchange, found.listed[0].why) == ("xch-made-up", "not-asked")
    runner, app = CliRunner(), build()
    for name, text in (("mine", mine), ("theirs", other)):
        (tmp_path / name).write_bytes(text)
    words = ["audit", "match", str(tmp_path / "theirs"), "--ours", str(tmp_path / "mine")]
    done = runner.invoke(app, [*words, "--json"])
    assert done.exit_code == 1, done.output
    assert json.loads(done.stdout)["counts"]["only-there"] == 1
    keys = ["--key", traffic.home.log.key.to_text()]
    done = runner.invoke(app, [*words, *keys, "--own-key", traffic.asker.log.key.to_text()])
    assert "do NOT agree" in done.output
    assert "xch-made-up" in done.output
    assert "公钥取自文件" not in done.output


def test_every_outcome_has_its_words() -> None:
    assert set(MATCHES) == set(Outcome)
    assert key_from_text(_NOTE[1]).name == "tongban/test"
    assert replace(_empty(), counts={Outcome.MATCHED: 1}).ok


def _empty() -> Matching:
    return Matching(ASKER, HOME, {}, (), (), ())
