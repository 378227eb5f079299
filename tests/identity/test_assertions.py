from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey

from identity.directory import Directory, load_directory
from identity.model import AccessToken
from identity.service import Identity
from kernel.clock import FixedClock
from kernel.errors import Refused

Sign = Callable[..., str]
Claims = dict[str, Any]


def ask(identity: Identity, assertion: str, **more: str) -> str:
    value = identity.issue_token(assertion, **more).result(5).value
    return value.code if isinstance(value, Refused) else "token"


def part(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def test_a_registered_key_gets_a_token_that_names_its_client(
    identity: Identity, sign: Sign, claims: Claims
) -> None:
    recorded = identity.issue_token(sign(claims)).result(5)
    given_token = recorded.value
    assert isinstance(given_token, AccessToken)
    assert recorded.journal
    actor = identity.actor_of_token(given_token.token)
    assert not isinstance(actor, Refused)
    assert (actor.id, actor.org) == ("client:ybj-core", "11410100MB0TE0070U")
    assert given_token.seconds <= 600
    assert "certificates.request" in given_token.scope


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_ed25519_is_accepted_under_both_its_names(
    identity: Identity, sign: Sign, claims: Claims, ed_key: OKPKey, algorithm: str
) -> None:
    assert ask(identity, sign(claims, ed_key, algorithm, kid="ed-1")) == "token"


def test_a_replayed_assertion_is_refused_and_recorded(
    identity: Identity, sign: Sign, claims: Claims, database: Any
) -> None:
    assertion = sign(claims)
    assert ask(identity, assertion) == "token"
    assert ask(identity, assertion) == "assertion-replayed"
    rows = database.transactions.read(lambda tx: database.journal.about(tx, "ybj-core"))
    assert [row.kind for row in rows] == ["identity.token-issued", "identity.token-refused"]
    assert json.loads(rows[1].body)["data"] == {"code": "assertion-replayed"}


def test_of_many_at_once_with_one_jti_exactly_one_wins(
    identity: Identity, sign: Sign, claims: Claims
) -> None:
    assertion = sign(claims)
    futures = [identity.issue_token(assertion) for _ in range(32)]
    tokens = [future.result(10).value for future in futures]
    assert sum(isinstance(value, AccessToken) for value in tokens) == 1


@pytest.mark.parametrize(
    "case",
    [
        ({"aud": "http://another.example/oauth/token"}, "assertion-audience"),
        ({"aud": []}, "assertion-audience"),
        ({"aud": None}, "assertion-audience"),
        (
            {"aud": ["http://127.0.0.1:8600/oauth/token", "http://x.example"]},
            "assertion-audience",
        ),
        ({"exp": -3600}, "assertion-expired"),
        ({"exp": -10}, "assertion-expired"),
        ({"nbf": 3600}, "assertion-expired"),
        ({"iat": 3600}, "assertion-expired"),
        ({"exp": 311}, "assertion-too-long"),
        ({"exp": 86_400}, "assertion-too-long"),
        ({"sub": "someone-else"}, "assertion-malformed"),
        ({"iss": "nobody", "sub": "nobody"}, "client-unknown"),
        ({"iss": 7, "sub": 7}, "assertion-malformed"),
        ({"jti": ""}, "assertion-malformed"),
        ({"jti": "x" * 129}, "assertion-malformed"),
        ({"jti": 1}, "assertion-malformed"),
        ({"exp": "soon"}, "assertion-malformed"),
        ({"exp": True}, "assertion-malformed"),
        ({"exp": 1e300}, "assertion-malformed"),
    ],
)
def test_each_wrong_claim_has_its_reason(
    identity: Identity,
    sign: Sign,
    claims: Claims,
    clock: FixedClock,
    case: tuple[Claims, str],
) -> None:
    change, code = case
    now = int(clock.now().timestamp())
    times = {
        name: now + value
        for name, value in change.items()
        if name in {"exp", "nbf", "iat"} and type(value) is int
    }
    assert ask(identity, sign({**claims, **change, **times})) == code


@pytest.mark.parametrize("missing", ["iss", "sub", "aud", "exp", "jti"])
def test_a_missing_claim_is_refused(
    identity: Identity, sign: Sign, claims: Claims, missing: str
) -> None:
    del claims[missing]
    assert ask(identity, sign(claims)) in {"assertion-malformed", "assertion-audience"}


def test_an_unsigned_assertion_is_refused(identity: Identity, claims: Claims) -> None:
    for algorithm in ("none", "None", "NONE", ""):
        assert ask(identity, f"{part({'alg': algorithm})}.{part(claims)}.") in {
            "assertion-algorithm",
            "assertion-malformed",
        }


def test_the_public_key_as_an_hmac_secret_is_refused(
    identity: Identity, claims: Claims, ec_key: ECKey
) -> None:
    signed = f"{part({'alg': 'HS256', 'kid': 'ec-1'})}.{part(claims)}"
    code = hmac.digest(ec_key.as_pem(private=False), signed.encode(), "sha256")
    forged = base64.urlsafe_b64encode(code).rstrip(b"=").decode()
    assert ask(identity, f"{signed}.{forged}") == "assertion-algorithm"


def test_a_key_carried_in_the_header_is_not_trusted(
    identity: Identity, sign: Sign, claims: Claims
) -> None:
    stranger = ECKey.generate_key("P-256")
    header = {"jwk": stranger.as_dict(private=False)}
    assert ask(identity, sign(claims, stranger, **header)) == "assertion-signature"


def test_a_signature_by_another_key_or_kid_is_refused(
    identity: Identity, sign: Sign, claims: Claims
) -> None:
    assert ask(identity, sign(claims, ECKey.generate_key("P-256"))) == "assertion-signature"
    assert ask(identity, sign(claims, kid="another")) == "assertion-signature"


def test_an_algorithm_of_another_key_type_is_refused(
    identity: Identity, sign: Sign, claims: Claims, ed_key: OKPKey
) -> None:
    assertion = sign(claims, ed_key, "EdDSA", kid="ec-1")
    assert ask(identity, assertion) == "assertion-signature"


def test_one_changed_character_breaks_the_signature(
    identity: Identity, sign: Sign, claims: Claims
) -> None:
    head, body, signature = sign(claims).split(".")
    forged = part({**claims, "jti": "two"})
    assert ask(identity, f"{head}.{forged}.{signature}") == "assertion-signature"
    assert ask(identity, f"{head}.{body}.{'A' * len(signature)}") == "assertion-signature"


def test_the_client_id_of_the_form_must_agree(
    identity: Identity, sign: Sign, claims: Claims
) -> None:
    assert ask(identity, sign(claims), client_id="ybj-old") == "assertion-malformed"
    assert ask(identity, sign(claims), client_id="ybj-core") == "token"


def test_a_suspended_client_gets_no_token(identity: Identity, sign: Sign, claims: Claims) -> None:
    claims["iss"] = claims["sub"] = "ybj-old"
    assert ask(identity, sign(claims)) == "client-suspended"


@given(st.text(max_size=300) | st.builds(lambda a, b, c: f"{a}.{b}.{c}", *[st.text()] * 3))
def test_no_text_makes_the_check_raise(text: str) -> None:
    found = _CHECKED(text)
    assert isinstance(found, Refused)


def _check(text: str) -> Any:
    from datetime import UTC, datetime

    from identity.assertions import check

    directory: Directory = load_directory(region="410100")
    now = datetime(2026, 3, 2, tzinfo=UTC)
    return check(text, clients=directory.clients, audiences=("a",), now=now)


_CHECKED = _check


def test_deeply_nested_and_huge_assertions_are_refused(identity: Identity) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 3000).rstrip(b"=").decode()
    assert ask(identity, f"{part({'alg': 'ES256'})}.{deep[:3900]}.AA") == "assertion-malformed"
    assert ask(identity, "a" * 1_000_000) == "assertion-malformed"
