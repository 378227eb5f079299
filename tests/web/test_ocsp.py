"""The responder at the door: POST and GET, for caches, for anybody; and in the verdict of a file."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hub.settings import load
from hub.wiring import Hub, open_hub
from kernel.clock import FixedClock
from signing import ocsp, ocsp_wire, store
from signing.authority import key_name
from signing.ocsp_model import CertStatus, ResponseStatus
from signing.seal_model import Role, Seal, SealApplication
from signing.x509 import Cert
from tests.signing.world import ORG, approver, root

ANN, BOB = approver("staff:ann"), approver("staff:bob")
TYPE = {"content-type": ocsp_wire.REQUEST_TYPE}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    settings = load(home=tmp_path_factory.mktemp("ocsp") / "hub", environment="test", worker=False)
    with open_hub(settings, clock=FixedClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))) as opened:
        opened.authority.establish(root())
        yield opened


@pytest.fixture(scope="module")
def pair(hub: Hub) -> tuple[Cert, Cert]:
    now = hub.clock.now()
    wanted = SealApplication(ORG, "示例市公安局", "410100", now, now + timedelta(days=365))
    applied = hub.seals.apply(ANN, wanted).value
    assert isinstance(applied, Seal)
    seal = hub.seals.approve(BOB, applied.seal_id).value
    assert isinstance(seal, Seal)
    key = key_name(seal.seal_id, "ecdsa_p256")
    found = hub.database.transactions.read(lambda tx: store.certificates(tx, key=key))
    return found[-1].cert, hub.authority.current(Role.CA, "ecdsa_p256").cert


def test_a_request_is_answered_by_post(
    hub: Hub, pair: tuple[Cert, Cert], visitor_for: Callable[[Hub], Any]
) -> None:
    answer = visitor_for(hub).post(
        "/ocsp", content=ocsp_wire.request(*pair, nonce=b"n" * 16), headers=TYPE
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/ocsp-response"
    assert answer.headers["cache-control"] == "no-store"
    found = ocsp.for_certificate((answer.content,), *pair, hub.clock.now())
    assert found is not None
    assert found.status is CertStatus.GOOD


def test_a_request_in_the_address_is_answered_for_caches(
    hub: Hub, pair: tuple[Cert, Cert], visitor_for: Callable[[Hub], Any]
) -> None:
    plain = quote(base64.b64encode(ocsp_wire.request(*pair)), safe="")
    answer = visitor_for(hub).get(f"/ocsp/{plain}")
    assert ocsp.for_certificate((answer.content,), *pair) is not None
    assert answer.headers["cache-control"].startswith("public, max-age=7200")
    assert answer.headers["etag"]
    fresh = base64.b64encode(ocsp_wire.request(*pair, nonce=b"n" * 16)).decode()
    answer = visitor_for(hub).get(f"/ocsp/{quote(fresh, safe='')}")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("body", [b"", b"rubbish", bytes(ocsp_wire.LARGEST_REQUEST + 1)])
def test_what_is_no_request_is_told_so(
    empty_hub: Hub, visitor_for: Callable[[Hub], Any], body: bytes
) -> None:
    answer = visitor_for(empty_hub).post("/ocsp", content=body, headers=TYPE)
    assert ocsp_wire.read_status(answer.content) is ResponseStatus.MALFORMED_REQUEST
    for path in ("/ocsp/%21%21", "/ocsp/QUJD"):
        answer = visitor_for(empty_hub).get(path)
        assert ocsp_wire.read_status(answer.content) is ResponseStatus.MALFORMED_REQUEST


def test_a_request_of_another_kind_is_a_problem(
    empty_hub: Hub, visitor_for: Callable[[Hub], Any]
) -> None:
    answer = visitor_for(empty_hub).post("/ocsp", content=b"x", headers={"content-type": "a/b"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "request-malformed"


def test_a_hub_without_an_authority_answers_for_nobody_and_starts_no_signer(
    empty_hub: Hub, empty_home: Path, pair: tuple[Cert, Cert], visitor_for: Callable[[Hub], Any]
) -> None:
    answer = visitor_for(empty_hub).post("/ocsp", content=ocsp_wire.request(*pair), headers=TYPE)
    assert ocsp_wire.read_status(answer.content) is ResponseStatus.UNAUTHORIZED
    assert "signer" not in empty_hub.__dict__
