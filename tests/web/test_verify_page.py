from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from certificates.ports import Judgement
from certificates.verify import Kinship, Verification
from hub import checking, verdicts
from hub.wiring import Hub
from tests.web.test_door import assert_problem

CORPUS = Path(
    os.environ.get(
        "TONGBAN_CORPUS", Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
    )
)


def sample(name: str) -> Path:
    path = CORPUS / name
    if not path.is_file():
        pytest.skip(f"no {name} in the corpus")
    return path


def upload(asker: Any, name: str, data: bytes, **form: str) -> Any:
    return asker.post(
        "/verify", files={"file": (name, data)}, data=form, headers={"accept": "text/html"}
    )


def test_a_tampered_file_fails_with_the_reason_in_plain_words(visitor: Any) -> None:
    data = sample("ofd/derived/08_seal_picture_swapped.ofd").read_bytes()
    page = upload(visitor, "户口簿.ofd", data)
    assert page.status_code == 200
    assert "核验不通过" in page.text
    assert "谁盖的章" in page.text
    assert "SHA-256" in page.text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.pdf", b""),
        ("text.pdf", b"hello"),
        ("half.ofd", b"PK\x03\x04" + b"\x00" * 40),
        ("half.pdf", b"%PDF-1.7\n1 0 obj"),
        ("x" * 300 + ".pdf", b"%PDF-"),
        ("<script>.pdf", b"%PDF-1.7"),
    ],
)
def test_rubbish_gets_a_verdict_not_an_error(visitor: Any, name: str, data: bytes) -> None:
    page = upload(visitor, name, data)
    assert page.status_code == 200
    assert "核验通过" not in page.text
    assert "<script" not in page.text
    answer = visitor.post("/v1/verifications", files={"file": (name, data)})
    assert answer.status_code == 200
    assert answer.json()["indication"] != "TOTAL_PASSED"
    assert answer.json()["register"] is None


def test_no_file_and_too_large_a_file_are_told_apart(visitor: Any) -> None:
    empty = visitor.post("/verify", data={"policy": "certificate"}, headers={"accept": "text/html"})
    assert "file-missing" in empty.text
    assert assert_problem(visitor.post("/v1/verifications"))["code"] == "file-missing"
    large = visitor.post("/v1/verifications", files={"file": ("a.pdf", b"0" * (31 << 20))})
    assert assert_problem(large)["code"] == "request-too-large"


def verdict(indication: str | None, *findings: dict[str, Any]) -> dict[str, Any]:
    signature = {
        "id": "1", "kind": "seal", "structure": "SES_V4", "indication": indication,
        "sub_indications": [], "codes": [], "signer": "CN=演示", "issuer": "CN=CA",
        "seal_name": "示例市公安局", "seal_id": "4101", "time": "2026-03-01T00:00:00.000Z",
        "time_source": "claimed", "level": "", "stamps": [], "findings": list(findings),
    }  # fmt: skip
    return {
        "schema": 1, "file": "a.ofd", "format": "ofd", "sha256": "0" * 64, "policy": "certificate",
        "at": "2026-03-02T00:00:00.000Z", "indication": indication, "sub_indications": [],
        "codes": [], "signatures": [signature] if indication else [], "findings": [], "metadata": {},
    }  # fmt: skip


def finding(code: str, severity: str, sub: str | None) -> dict[str, Any]:
    return {
        "code": code, "severity": severity, "sub_indication": sub,
        "zh": "原因", "en": "reason", "path": "", "detail": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sub", "question"),
    [
        ("HASH_FAILURE", "unchanged"),
        ("SIG_CRYPTO_FAILURE", "unchanged"),
        ("FORMAT_FAILURE", "unchanged"),
        ("REVOKED", "valid"),
        ("EXPIRED", "valid"),
        ("NO_CERTIFICATE_CHAIN_FOUND", "who"),
        ("TIMESTAMP_ORDER_FAILURE", "when"),
    ],
)
def test_each_reason_answers_one_of_the_four_questions(sub: str, question: str) -> None:
    shown = verdicts.explain(verdict("TOTAL_FAILED", finding("E_X", "reject", sub)))
    states = {answer["name"]: answer["state"] for answer in shown["answers"]}
    assert states.pop(question) == "bad"
    assert set(states.values()) == {"good"}
    assert shown["state"] == "bad"


def test_a_good_seal_answers_all_four_and_an_unsigned_file_none() -> None:
    good = verdicts.explain(verdict("TOTAL_PASSED", finding("W_X", "warn", None)))
    assert good["state"] == "good"
    assert "示例市公安局" in good["answers"][0]["zh"]
    assert "2026-03-01 08:00:00" in good["answers"][1]["zh"]
    assert verdicts.explain(verdict(None))["answers"] == []


@pytest.mark.parametrize(
    ("kinship", "state"),
    [
        (Kinship.ORIGINAL, "good"),
        (Kinship.COPY, "good"),
        (Kinship.EXPIRED_COPY, "bad"),
        (Kinship.OTHER, "bad"),
        (Kinship.UNKNOWN, "good"),
    ],
)
def test_what_the_register_says_can_spoil_a_genuine_seal(
    empty_hub: Hub, kinship: Kinship, state: str
) -> None:
    judgement = Judgement(True, "TOTAL_PASSED", report=verdict("TOTAL_PASSED"))
    shown = checking.report(empty_hub, Verification(judgement, kinship, None, None))
    assert shown["state"] == state


@pytest.mark.parametrize("status", ["revoked", "expired", "suspended", "superseded"])
def test_a_certificate_no_longer_in_force_is_said_first(peopled_hub: Hub, status: str) -> None:
    from dataclasses import replace

    from certificates.model import CertificateStatus
    from kernel.actors import system

    actor = system("test", rights=("certificates.read", "certificates.verify"))
    found = peopled_hub.register.page(actor)
    assert isinstance(found, tuple)
    answer = peopled_hub.register.status(actor, found[0].identifier)
    ended = replace(answer, status=CertificateStatus(status))  # type: ignore[type-var] # not refused
    judgement = Judgement(True, "TOTAL_PASSED", report=verdict("TOTAL_PASSED"))
    checked = Verification(judgement, Kinship.ORIGINAL, ended, None)  # type: ignore[arg-type] # as above
    shown = checking.report(peopled_hub, checked)
    assert shown["state"] == "bad"
    assert {item["name"]: item["state"] for item in shown["answers"]}["valid"] == "bad"
