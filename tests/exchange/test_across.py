from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import httpx2
from joserfc.jwk import ECKey

from certificates.exchange.model import Received
from certificates.requests_model import CertificateAsk
from kernel.errors import Refused
from tests.certificates.doubles import MOTHER
from tests.exchange.conftest import AGENCY, ASKER, HOME, Border
from tests.web.conftest import token_form


def received(value: object) -> Received:
    assert isinstance(value, Received), value
    return value


def test_fields_cross_the_border_and_both_logs_verify_and_match(border: Border) -> None:
    given = received(border.fetch())
    assert given.answer.status.certificate == border.certificate.id
    assert dict(given.answer.fields) == {"address": "示例市测试路1号"}
    border.sequence()
    assert border.asker.log.check().ok
    assert border.home.log.check().ok
    asked = border.events(border.asker, "exchange-served")[-1]
    admitted = border.events(border.home, "exchange-admitted")[-1]
    home, asker = border.leaves(border.home), border.leaves(border.asker)
    assert home[asked["peer_leaf"]] == "certificates.request-served"
    assert asker[admitted["peer_leaf"]] == "certificates.exchange-asked"
    assert admitted["peer_entry"] == given.answer.request
    assert asked["peer_entry"] == given.entry.subject


def test_a_copy_crosses_the_border_and_passes_under_the_other_regions_trust(
    border: Border,
) -> None:
    given = received(border.fetch(border.ask(formats=("data", "pdf"))))
    (copy,) = given.answer.copies
    handed = border.asker.exchange.copy(AGENCY, given.answer.request, "pdf").value
    assert isinstance(handed, bytes)
    assert len(handed) == copy.size
    assert handed.startswith(b"%PDF")
    stranger = replace(AGENCY, org="11410100MB0TE0038G")
    other = border.asker.exchange.copy(stranger, given.answer.request, "pdf").value
    assert other == Refused("not-found-or-not-permitted")


def test_the_same_key_gives_the_same_answer_and_one_effect(border: Border) -> None:
    ask = border.ask()
    before = len(border.events(border.home, "request-served"))
    first, second = received(border.fetch(ask)), received(border.fetch(ask))
    assert first.answer.fields == second.answer.fields
    assert first.answer.request == second.answer.request
    assert second.answer.repeated
    assert len(border.events(border.home, "request-served")) == before + 1
    conflict = border.fetch(replace(ask, fields=("address",)))
    assert conflict.code == "idempotency-conflict"


def test_the_home_hub_refuses_what_its_own_rules_do_not_allow(border: Border) -> None:
    answer = border.fetch(border.ask(holder_code=MOTHER))
    assert answer == Refused("not-found-or-not-permitted", {"origin": HOME})
    ended = border.events(border.asker, "exchange-refused")[-1]
    assert ended["code"] == "not-found-or-not-permitted"
    assert border.leaves(border.home)[ended["peer_leaf"]] == "certificates.request-refused"


def test_the_own_gate_stands_before_the_border(border: Border) -> None:
    asked = len(border.proxy.asked)
    answer = border.fetch(border.ask(fields=("address", "blood_group")))
    assert (answer.code, answer.params["origin"]) == ("field-not-needed", ASKER)
    assert len(border.proxy.asked) == asked


def test_no_personal_data_in_either_journal(border: Border) -> None:
    ask = border.ask()
    received(border.fetch(ask))
    for hub in (border.asker, border.home):
        text = b"".join(row.body for row in border.rows(hub)).decode()
        assert ask.holder_code not in text
        assert "测试路" not in text


def call(border: Border, key: ECKey, body: dict[str, Any], name: str) -> httpx2.Response:
    base = border.asker.settings.address
    form = token_form(key, f"{base}/oauth/token")
    with httpx2.Client(base_url=base, timeout=10, trust_env=False) as client:
        token = client.post("/oauth/token", data=form).json()["access_token"]
        headers = {"authorization": f"Bearer {token}", "idempotency-key": name}
        return client.post("/v1/certificate-requests", json=body, headers=headers)


def body_of(ask: CertificateAsk, region: str) -> dict[str, Any]:
    return {
        "matter": ask.matter,
        "case_no": ask.case_no,
        "purpose": ask.purpose,
        "legal_basis": ask.basis,
        "certificate": {"type": ask.type},
        "holder": {"code": ask.holder_code},
        "fields": list(ask.fields),
        "region": region,
    }


def test_an_agency_asks_at_its_own_door(border: Border, agency_key: ECKey) -> None:
    ask = border.ask()
    answer = call(border, agency_key, body_of(ask, HOME), "door-1")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["data"]["fields"] == {"address": "示例市测试路1号"}
    assert shown["peer"]["region"] == HOME
    assert len(base64.b64decode(shown["peer"]["leaf_hash"])) == 32
    assert shown["request_id"].startswith("xch-")


def test_the_division_of_the_holder_names_the_hub_to_ask(border: Border, agency_key: ECKey) -> None:
    body = body_of(border.ask(), "")
    body["holder"]["division"] = "410305001000"
    answer = call(border, agency_key, body, "door-4")
    assert (answer.status_code, answer.json()["peer"]["region"]) == (200, HOME)
    body["holder"]["division"] = "410105"
    own = call(border, agency_key, body, "door-5").json()
    assert own["code"] == "not-found-or-not-permitted"
    assert "origin" not in own


def test_the_problem_says_who_failed(border: Border, agency_key: ECKey) -> None:
    ask = border.ask()
    unknown = call(border, agency_key, body_of(ask, "410500"), "door-2").json()
    assert (unknown["code"], unknown["origin"]) == ("peer-unknown", ASKER)
    border.proxy.behave(answer=b"HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n")
    failed = call(border, agency_key, body_of(ask, HOME), "door-3")
    assert (failed.status_code, failed.json()["code"]) == (502, "peer-failed")
    assert failed.json()["origin"] == HOME
    assert failed.json()["retryable"]


def test_a_stranger_without_a_signature_gets_a_problem_and_changes_nothing(
    border: Border,
) -> None:
    url = f"{border.home.settings.address}/v1/peer-requests"
    closing, before = {"connection": "close"}, len(border.rows(border.home))
    answer = httpx2.post(url, content=b"{", headers=closing, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, "peer-signature-invalid")
    assert len(border.rows(border.home)) == before


def test_strangers_with_made_up_signatures_cannot_fill_the_log(border: Border) -> None:
    headers = {
        "connection": "close",
        "content-type": "application/json",
        "content-digest": "sha-256=:YQ==:",
        "signature-input": 'tongban=("@method");keyid="410777/0000000000000000"',
        "signature": "tongban=:YQ==:",
    }
    url = f"http://127.0.0.1:{border.ports[HOME]}/v1/peer-requests"
    before = len(border.rows(border.home))
    codes = [
        httpx2.post(url, content=b"{}", headers=headers, trust_env=False).status_code
        for _ in range(34)
    ]
    assert codes[0] == 404
    assert codes[-1] == 429
    assert len(border.rows(border.home)) - before <= 30
    border.home.home_desk.__dict__["_strangers"].clear()
