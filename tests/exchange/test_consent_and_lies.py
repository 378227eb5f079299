"""Consent across the border, and home hubs that give something else than was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from certificates.exchange import wire
from certificates.exchange.model import Received, Reply
from certificates.exchange.peers import find, key_id, read
from certificates.grants_model import Grant, GrantOffer
from certificates.requests_model import CONSENT
from certificates.subjects import holder_ref
from kernel.actors import Actor, ActorKind, Reach
from kernel.errors import Refused, TongbanError
from kernel.ids import CertificateId
from kernel.ports import Digest
from kernel.registry import Member
from tests.certificates.doubles import FATHER
from tests.certificates.test_requests import SCHOOL
from tests.exchange.conftest import ASKER, HOME, Border

PDF = ("data", "pdf")


def grant(border: Border) -> Grant:
    ref = holder_ref(border.home.vault, "111", FATHER)
    rights = {"certificates.grant": Reach.SELF}
    father = Actor("holder:father", ActorKind.HOLDER, rights=rights, holder=ref)
    offer = GrantOffer(
        requester=SCHOOL,
        matter="school-enrolment",
        case_no="case-9",
        purpose="school-eligibility",
        type="household-register",
        fields=("address",),
        formats=("data",),
        lifetime=timedelta(hours=1),
    )
    given = border.home.grants.give(father, offer).value
    assert isinstance(given, Grant), given
    return given


def test_a_grant_given_at_the_home_hub_is_used_once_across_the_border(border: Border) -> None:
    given = grant(border)
    asked = {"basis": CONSENT, "grant": given.id, "fields": ("address",), "holder_code": ""}
    first = border.ask(**asked)
    assert isinstance(border.fetch(first), Received)
    assert isinstance(border.fetch(first), Received), "the same key is the same use"
    assert border.fetch(border.ask(**asked)) == Refused("consent-used", {"origin": HOME})


def test_eight_askers_at_once_use_a_grant_once(border: Border) -> None:
    given = grant(border)
    asked = {"basis": CONSENT, "grant": given.id, "fields": ("address",), "holder_code": ""}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(border.fetch, [border.ask(**asked) for _ in range(8)]))
    served = [item for item in answers if isinstance(item, Received)]
    assert len(served) == 1, answers
    others = {item.code for item in answers if isinstance(item, Refused)}
    assert others == {"consent-used"}


def test_eight_thieves_at_once_get_one_question_answered_never(border: Border) -> None:
    assert isinstance(border.fetch(), Received)
    stolen = border.proxy.asked[-1]
    before = len(border.events(border.home, "exchange-admitted"))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(border.proxy.send, [stolen] * 8))
    assert all(b"peer-replayed" in item for item in answers)
    assert len(border.events(border.home, "exchange-admitted")) == before


def test_a_grant_for_less_does_not_serve_for_more(border: Border) -> None:
    given = grant(border)
    ask = border.ask(basis=CONSENT, grant=given.id, fields=("address", "members"))
    assert border.fetch(ask).code == "consent-scope"


def test_a_matter_that_the_peer_may_not_handle_is_refused_at_home(border: Border) -> None:
    peers = border.home.settings.root / "registry" / "certificates" / "peers" / f"{ASKER}.toml"
    text = peers.read_text("utf-8").replace(SCHOOL, "11410100MB0TE0038G")
    peers.write_text(text, "utf-8")
    answer = border.fetch()
    assert (answer.code, answer.params["origin"]) == ("matter-not-handled", HOME)


class Objects:
    """An object store whose bytes somebody has changed."""

    def __init__(self, inner: Any, change: Callable[[bytes], bytes]) -> None:
        self.inner, self.change = inner, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def get(self, digest: Digest) -> bytes:
        return self.change(self.inner.get(digest))


@pytest.fixture
def tampering(border: Border) -> Iterator[Callable[[Callable[[bytes], bytes]], None]]:
    desk = border.home.home_desk
    true = desk.tools

    def tamper(change: Callable[[bytes], bytes]) -> None:
        desk.tools = replace(true, objects=Objects(true.objects, change))

    yield tamper
    desk.tools = true


def flipped(data: bytes) -> bytes:
    at = data.index(b"stream") + 40
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize("change", [flipped, lambda data: data[:5000], lambda _: b"%PDF-1.7 no"])
def test_a_copy_with_a_broken_seal_is_refused(
    border: Border,
    tampering: Callable[[Callable[[bytes], bytes]], None],
    change: Callable[[bytes], bytes],
) -> None:
    tampering(change)
    answer = border.fetch(border.ask(formats=PDF))
    assert (answer.code, answer.params["origin"]) == ("peer-answer-unsealed", HOME)
    event = border.events(border.asker, "exchange-failed")[-1]
    assert event["code"] == "peer-answer-unsealed"


def altered(reply: Reply, **changes: Any) -> Reply:
    assert reply.answer
    return replace(reply, answer=replace(reply.answer, **changes))


def other_type(reply: Reply) -> Reply:
    assert reply.answer
    return altered(reply, status=replace(reply.answer.status, type="marriage"))


def other_number(reply: Reply) -> Reply:
    assert reply.answer
    return altered(reply, status=replace(reply.answer.status, identifier="1.2.156.3005.2.x"))


def more_fields(reply: Reply) -> Reply:
    assert reply.answer
    return altered(reply, fields={**reply.answer.fields, "blood_group": "O"})


def more_columns(reply: Reply) -> Reply:
    return altered(reply, rows={"members": ({"name": "测试甲", "id_number": "x"},)})


def no_file(reply: Reply) -> Reply:
    return replace(reply, files=())


def other_exchange(reply: Reply) -> Reply:
    return replace(reply, exchange="xch-" + "0" * 26)


LIES = {
    other_type: "type",
    other_number: "identifier",
    more_fields: "fields",
    more_columns: "fields",
    no_file: "formats",
    other_exchange: "exchange",
}


@pytest.mark.parametrize("lie", list(LIES), ids=lambda lie: lie.__name__)
def test_what_was_not_asked_for_is_refused_though_the_peer_signed_it(
    border: Border, monkeypatch: pytest.MonkeyPatch, lie: Callable[[Reply], Reply]
) -> None:
    write = wire.write_reply
    monkeypatch.setattr(wire, "write_reply", lambda reply: write(lie(reply)))
    answer = border.fetch(border.ask(formats=PDF))
    assert (answer.code, answer.params["part"]) == ("peer-answer-other", LIES[lie])


def test_another_certificate_than_the_one_named_is_refused(
    border: Border, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = wire.write_reply

    def lie(reply: Reply) -> bytes:
        assert reply.answer
        status = replace(reply.answer.status, certificate=CertificateId("cert-other"))
        return write(altered(reply, status=status))

    monkeypatch.setattr(wire, "write_reply", lie)
    answer = border.fetch(border.ask(certificate=border.certificate.id))
    assert (answer.code, answer.params["part"]) == ("peer-answer-other", "certificate")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"schema":1}', b"[" * 9999, b"\xff"])
def test_a_signed_answer_of_another_form_is_refused(
    border: Border, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(wire, "write_reply", lambda _: body)
    assert border.fetch().code == "peer-answer-malformed"
    for reading in (wire.read_reply, wire.read_question):
        with pytest.raises(ValueError, match=r".*"):
            reading(body)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("schema = 1", "schema = 2"),
        ('"410300"', '"410301"'),
        ("http://127.0.0.1", "http://example.org"),
        ("http://", "ftp://"),
        ("keys = [", "keys = [] # ["),
        ("MFkw", "AAAA"),
        ("name =", "title ="),
        (SCHOOL, "somebody"),
        ("schema = 1", "schema = 1\nper_minute = 0"),
        ("schema = 1", "schema = 1\ncut_from = 2026-01-01"),
        ("schema = 1", "schema = 1\nextra = 1"),
        ("schema = 1", "schema = "),
    ],
)
def test_a_faulty_peer_file_is_refused_with_a_reason(border: Border, old: str, new: str) -> None:
    home = border.asker.settings.root
    text = (home / "registry/certificates/peers" / f"{HOME}.toml").read_text("utf-8")
    assert old in text
    with pytest.raises(TongbanError) as caught:
        read(Member(HOME, "overlay", text.replace(old, new, 1).encode(), ""))
    assert caught.value.code == "peer-file-invalid"
    assert caught.value.params["reason"]


def test_a_peer_file_names_the_key_by_region_and_digest(border: Border) -> None:
    peer = find(border.asker.settings.root, HOME)
    assert peer
    spki = border.home.message_key.info().spki
    assert peer.keys[0].id == key_id(HOME, spki) == border.home.message_key.key_id()
