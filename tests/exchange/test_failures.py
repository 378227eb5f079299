from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from certificates.exchange.directory import ACTION, Directory
from certificates.exchange.model import Received
from certificates.exchange.signatures import content_digest
from kernel.actors import system
from kernel.errors import Refused
from signing.trust import save
from tests.exchange.conftest import ASKER, HOME, Border, free_port, write_peer
from tests.exchange.proxy import Part

RIGHTS = system("peer-command", rights=(ACTION,))


def refused(value: object) -> Refused:
    assert isinstance(value, Refused), value
    return value


def failed(border: Border, code: str) -> None:
    """The asker recorded that it ended this way; asking again under the same key still works."""
    assert border.events(border.asker, "exchange-failed")[-1]["code"] == code


def served(border: Border) -> int:
    return len(border.events(border.home, "request-served"))


def test_a_peer_that_is_down_is_named(border: Border) -> None:
    write_peer(border.asker, border.home, address=f'"http://127.0.0.1:{free_port()}"')
    answer = refused(border.fetch())
    assert answer == Refused("peer-unreachable", {"region": HOME, "origin": HOME})
    failed(border, "peer-unreachable")


def silent(_answer: bytes) -> Iterator[Part]:
    yield 4.0, b""


def dripping(answer: bytes) -> Iterator[Part]:
    for at in range(40):
        yield 0.1, answer[at : at + 1]


@pytest.mark.parametrize("manner", [silent, dripping])
def test_a_slow_peer_does_not_hold_anybody_and_nothing_happens_twice(
    border: Border, manner: Callable[[bytes], Iterator[Part]]
) -> None:
    ask, before = border.ask(), served(border)
    border.proxy.behave(manner)
    answer = refused(border.fetch(ask))
    assert answer == Refused("peer-slow", {"region": HOME, "seconds": "2.5", "origin": HOME})
    failed(border, "peer-slow")
    border.proxy.behave()
    assert isinstance(border.fetch(ask), Received)
    assert served(border) == before + 1


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 0.99])
def test_an_answer_cut_off_anywhere_is_none_and_the_grant_is_not_used_twice(
    border: Border, share: float
) -> None:
    ask, before = border.ask(), served(border)
    border.proxy.behave(lambda answer: [(0.0, answer[: int(len(answer) * share)])])
    assert refused(border.fetch(ask)).code == "peer-answer-incomplete"
    border.proxy.behave()
    again = border.fetch(ask)
    assert isinstance(again, Received)
    assert again.answer.repeated
    assert served(border) == before + 1


def test_a_peer_that_answers_twice_is_heard_once(border: Border) -> None:
    border.proxy.behave(lambda answer: [(0.0, answer), (0.0, answer)])
    first = border.fetch()
    assert isinstance(first, Received)
    border.proxy.behave()
    second = border.fetch()
    assert isinstance(second, Received)
    assert first.answer.request != second.answer.request


def changed_body(answer: bytes) -> list[Part]:
    return [(0.0, answer.replace("示例市".encode(), "示例县".encode()))]


def forged(answer: bytes) -> list[Part]:
    at = answer.index(b"signature: tongban=:") + len(b"signature: tongban=:")
    letter = b"A" if answer[at : at + 1] != b"A" else b"B"
    return [(0.0, answer[:at] + letter + answer[at + 1 :])]


def other_status(answer: bytes) -> list[Part]:
    return [(0.0, answer.replace(b" 200 OK", b" 201 OK"))]


def unsigned(answer: bytes) -> list[Part]:
    return [(0.0, answer.replace(b"signature: ", b"x-gone: "))]


@pytest.mark.parametrize("manner", [changed_body, forged, other_status, unsigned])
def test_an_answer_that_the_peer_did_not_sign_is_refused(
    border: Border, manner: Callable[[bytes], list[Part]]
) -> None:
    border.proxy.behave(manner)
    answer = refused(border.fetch())
    assert (answer.code, answer.params["origin"]) == ("peer-answer-not-genuine", HOME)
    failed(border, "peer-answer-not-genuine")


def test_an_answer_to_another_question_is_refused(border: Border) -> None:
    assert isinstance(border.fetch(), Received)
    border.proxy.behave(answer=border.proxy.answered[-1])
    assert refused(border.fetch()).code == "peer-answer-not-genuine"


def test_a_question_sent_again_by_a_thief_is_refused_and_recorded(border: Border) -> None:
    assert isinstance(border.fetch(), Received)
    before = served(border)
    answer = border.proxy.send(border.proxy.asked[-1])
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert body["refused"]["code"] == "peer-replayed"
    assert border.events(border.home, "exchange-refused")[-1]["code"] == "peer-replayed"
    assert served(border) == before


def test_a_changed_question_is_refused(border: Border) -> None:
    assert isinstance(border.fetch(), Received)
    question = border.proxy.asked[-1].replace(b"case-9", b"case-8")
    body = json.loads(border.proxy.send(question).partition(b"\r\n\r\n")[2])
    assert body["refused"]["code"] == "peer-signature-invalid"
    assert body["refused"]["params"]["reason"] == "content digest"
    head, _, rest = question.partition(b"\r\n\r\n")
    old = content_digest(border.proxy.asked[-1].partition(b"\r\n\r\n")[2]).encode()
    fixed = head.replace(old, content_digest(rest).encode()) + b"\r\n\r\n" + rest
    body = json.loads(border.proxy.send(fixed).partition(b"\r\n\r\n")[2])
    assert body["refused"]["params"]["reason"] == "signature"


@pytest.mark.parametrize("region", [ASKER, HOME])
@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_wrong_clock_is_named_by_seconds(border: Border, region: str, minutes: int) -> None:
    border.clocks[region].offset = timedelta(minutes=minutes)
    answer = refused(border.fetch())
    assert answer.code == "peer-clock"
    assert 590 <= int(answer.params["seconds"]) <= 610
    assert border.events(border.home, "exchange-refused")[-1]["code"] == "peer-clock"
    failed(border, "peer-clock")


def test_a_region_that_is_not_registered_on_either_side(border: Border) -> None:
    answer = refused(border.fetch(region="410500"))
    assert answer == Refused("peer-unknown", {"region": "410500", "origin": ASKER})
    peers = border.home.settings.root / "registry" / "certificates" / "peers"
    (peers / f"{ASKER}.toml").unlink()
    answer = refused(border.fetch())
    assert answer == Refused("peer-unknown", {"region": ASKER, "origin": HOME})


def test_a_key_that_is_not_registered_is_refused(border: Border) -> None:
    write_peer(border.home, border.asker, keys=_keys(border))
    answer = refused(border.fetch())
    assert answer.code == "peer-signature-invalid"
    assert (answer.params["reason"], answer.params["origin"]) == ("key not registered", HOME)


def _keys(border: Border) -> str:
    peers = border.asker.settings.root / "registry" / "certificates" / "peers" / f"{HOME}.toml"
    return next(
        line.partition(" = ")[2]
        for line in peers.read_text("utf-8").splitlines()
        if line.startswith("keys")
    )


def test_one_command_cuts_a_peer_off_both_ways(border: Border) -> None:
    for hub, region in ((border.asker, HOME), (border.home, ASKER)):
        directory = Directory(hub.database.transactions, hub.clock, hub.settings.root)
        assert directory.cut(RIGHTS, region, "test").value is True
        answer = refused(border.fetch())
        assert (answer.code, answer.params["origin"]) == ("peer-cut", hub.settings.region)
        assert border.events(hub, "exchange-refused")[-1]["code"] == "peer-cut"
        assert directory.admit(RIGHTS, region).value is True
        assert directory.admit(RIGHTS, region).value is False
    assert isinstance(border.fetch(), Received)


def test_a_peer_past_its_date_is_cut_off(border: Border) -> None:
    write_peer(border.home, border.asker, cut_from="2026-01-01T00:00:00+08:00")
    answer = refused(border.fetch())
    assert (answer.code, answer.params["origin"]) == ("peer-cut", HOME)


def test_a_peer_that_asks_too_often_is_told_when_to_try_again(border: Border) -> None:
    border.home.clock.offset = timedelta(seconds=200)  # type: ignore[attr-defined] # ShiftedClock
    write_peer(border.home, border.asker, per_minute="1")
    ask = border.ask()
    assert isinstance(border.fetch(), Received)
    answer = refused(border.fetch(ask))
    assert (answer.code, answer.params["origin"]) == ("peer-rate", HOME)
    assert 55 <= int(answer.params["seconds"]) <= 60
    header = f"retry-after: {answer.params['seconds']}".encode()
    assert header in border.proxy.answered[-1].lower()
    assert border.events(border.home, "exchange-refused")[-1]["code"] == "peer-rate"
    assert border.events(border.asker, "exchange-refused")[-1]["code"] == "peer-rate"
    border.home.clock.offset += timedelta(seconds=61)  # type: ignore[attr-defined] # ShiftedClock
    assert isinstance(border.fetch(ask), Received)


def test_without_a_trust_list_in_force_nothing_is_asked(border: Border) -> None:
    asked = len(border.proxy.asked)
    good = border.home.authority.trust_list(2)
    old = replace(good, issued=good.issued - timedelta(days=9), expires=good.issued)
    try:
        save(old, border.asker.settings.root)
        answer = refused(border.fetch())
        assert answer == Refused("peer-trust-expired", {"region": HOME, "origin": ASKER})
        for file in (border.asker.settings.root / "registry" / "signing" / "trust").iterdir():
            file.unlink()
        assert refused(border.fetch()).code == "peer-trust-missing"
        assert len(border.proxy.asked) == asked
    finally:
        save(replace(good, version=3), border.asker.settings.root)
    assert isinstance(border.fetch(), Received)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 302 x\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"",
    ],
)
def test_whatever_else_stands_at_the_address_is_no_peer(border: Border, answer: bytes) -> None:
    border.proxy.behave(answer=answer)
    found = refused(border.fetch())
    assert found.code in {"peer-answer-not-genuine", "peer-failed", "peer-answer-incomplete"}
    assert found.params["origin"] == HOME
