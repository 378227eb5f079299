"""``POST /v1/certificate-requests`` and the holder's authorisation, from token to receipt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.app import build_app
from hub.wiring import Hub
from kernel.ids import new_id
from tests.certificates.doubles import FATHER
from tests.web.conftest import token_form
from tests.web.test_door import assert_problem

Headers = Callable[..., dict[str, str]]
SCHOOL: dict[str, Any] = {
    "matter": "school-enrolment",
    "case_no": "case-9",
    "purpose": "school-eligibility",
    "legal_basis": "compulsory-education-12",
    "certificate": {"type": "household-register"},
    "holder": {"code": FATHER},
    "fields": ["address", "members.name"],
}


def ask(asker: Any, headers: dict[str, str], key: str = "", **changes: Any) -> Any:
    head = {**headers, "idempotency-key": key or new_id("key")}
    return asker.post("/v1/certificate-requests", json={**SCHOOL, **changes}, headers=head)


def test_an_agency_gets_the_fields_it_may_have_and_a_receipt(
    resident: Any, bearer: Headers
) -> None:
    answer = ask(resident, bearer(resident))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body["data"]["fields"]) == {"address"}
    assert all(set(row) == {"name"} for row in body["data"]["rows"]["members"])
    assert body["status"]["value"] == "issued"
    assert body["retention_days"] == 180
    assert body["receipt"]["state"] in {"pending", "numbered", "proven"}
    assert answer.headers["cache-control"] == "no-store"
    assert FATHER not in answer.text


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(
    resident: Any, bearer: Headers
) -> None:
    headers = bearer(resident)
    first = ask(resident, headers, "key-once-0000001").json()
    again = ask(resident, headers, "key-once-0000001").json()
    assert again["request_id"] == first["request_id"]
    assert (first["repeated"], again["repeated"]) == (False, True)
    other = ask(resident, headers, "key-once-0000001", case_no="case-10")
    assert assert_problem(other)["code"] == "idempotency-conflict"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"matter": "no-such"}, "matter-unknown"),
        ({"case_no": ""}, "case-missing"),
        ({"purpose": ""}, "purpose-missing"),
        ({"purpose": "curiosity"}, "purpose-not-registered"),
        ({"fields": []}, "fields-missing"),
        ({"fields": ["marital_status"]}, "field-not-needed"),
        ({"certificate": {"type": "marriage"}}, "type-not-needed"),
        ({"legal_basis": ""}, "basis-missing"),
        ({"legal_basis": "none"}, "basis-not-registered"),
        ({"legal_basis": "", "grant": "grant-unknown"}, "not-found-or-not-permitted"),
        ({"holder": {"code": "410199199912310000"}}, "not-found-or-not-permitted"),
        ({"holder": {"code": FATHER, "code_type": "abc"}}, "holder-code-type"),
    ],
)
def test_each_refusal_has_its_own_code(
    resident: Any, bearer: Headers, changes: dict[str, Any], code: str
) -> None:
    body = assert_problem(ask(resident, bearer(resident), **changes))
    assert body["code"] == code
    assert FATHER not in str(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1},
        {"fields": "address"},
        {"fields": ["x"] * 101},
        {"formats": ["exe"]},
        {"certificate": {}},
        {"holder": {"code": ["1"]}},
        {"matter": "x" * 101},
        {"matter": None},
    ],
)
def test_a_body_of_another_shape_is_refused_by_its_place(
    resident: Any, bearer: Headers, changes: dict[str, Any]
) -> None:
    body = assert_problem(ask(resident, bearer(resident), **changes))
    assert body["code"] == "request-malformed"
    assert body["errors"][0]["pointer"].startswith("/body/")


def test_no_key_no_answer(resident: Any, bearer: Headers) -> None:
    answer = resident.post("/v1/certificate-requests", json=SCHOOL, headers=bearer(resident))
    assert assert_problem(answer)["code"] == "idempotency-missing"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "bearer-needed"),
        ({"authorization": "Bearer "}, "token-invalid"),
        ({"authorization": "Bearer forged"}, "token-invalid"),
        ({"authorization": "Basic dGVzdDp0ZXN0"}, "token-invalid"),
    ],
)
def test_without_a_good_token_nothing_is_given(
    resident: Any, header: dict[str, str], code: str
) -> None:
    answer = ask(resident, header)
    assert assert_problem(answer)["code"] == code
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_session_cookie_is_no_token(resident: Any) -> None:
    resident.sign_in("agency")
    assert assert_problem(ask(resident, {}))["code"] == "bearer-needed"


def test_an_annotated_copy_is_fetched_once_by_who_asked(
    resident: Any, bearer: Headers, peopled_hub: Hub
) -> None:
    mine, other = bearer(resident), bearer(resident, "other-agency")
    body = ask(resident, mine, formats=["pdf"]).json()
    assert body["data"] is None
    file = body["files"][0]
    assert assert_problem(resident.get(file["href"], headers=other))["code"] == "ticket-invalid"
    assert assert_problem(resident.get(file["href"]))["code"] == "bearer-needed"
    got = resident.get(file["href"], headers=mine)
    assert (got.status_code, got.headers["content-type"]) == (200, "application/pdf")
    assert len(got.content) == file["size"]
    assert got.headers["cache-control"] == "no-store"
    assert assert_problem(resident.get(file["href"], headers=mine))["code"] == "ticket-invalid"


GRANT: dict[str, Any] = {
    "requester": "11410100MB0TE01184",
    "matter": "school-enrolment",
    "case_no": "case-20",
    "purpose": "school-eligibility",
    "type": "household-register",
    "fields": ["address"],
}


def test_a_holder_grants_once_through_the_interface(
    resident: Any, bearer: Headers, peopled_hub: Hub
) -> None:
    resident.sign_in("holder")
    code = {"x-csrf-token": resident.csrf()}
    refused = resident.post("/v1/authorizations", json=GRANT)
    assert assert_problem(refused)["code"] == "csrf-missing"
    made = resident.post("/v1/authorizations", json=GRANT, headers=code)
    assert made.status_code == 201, made.text
    grant = made.json()["id"]
    wish = {"legal_basis": "", "grant": grant, "fields": ["address"], "case_no": "case-20"}
    headers = bearer(resident)
    assert ask(resident, headers, **wish).status_code == 200
    assert assert_problem(ask(resident, headers, **wish))["code"] == "consent-used"
    listed = resident.get("/v1/authorizations", headers=code).json()
    assert {item["id"]: item["state"] for item in listed}[grant] == "used"
    gone = resident.delete(f"/v1/authorizations/{grant}", headers=code)
    assert assert_problem(gone)["code"] == "grant-not-open"


def test_a_withdrawn_grant_opens_nothing(resident: Any, bearer: Headers) -> None:
    resident.sign_in("holder")
    code = {"x-csrf-token": resident.csrf()}
    grant = resident.post("/v1/authorizations", json=GRANT, headers=code).json()["id"]
    gone = resident.delete(f"/v1/authorizations/{grant}", headers=code)
    assert gone.json()["state"] == "withdrawn"
    wish = {"legal_basis": "", "grant": grant, "fields": ["address"], "case_no": "case-20"}
    answer = ask(resident, bearer(resident), **wish)
    assert assert_problem(answer)["code"] == "consent-withdrawn"


def test_a_role_without_the_right_grants_nothing(resident: Any) -> None:
    resident.sign_in("clerk")
    code = {"x-csrf-token": resident.csrf()}
    answer = resident.post("/v1/authorizations", json=GRANT, headers=code)
    assert assert_problem(answer)["code"] == "not-permitted"


def test_anybody_may_ask_whether_a_certificate_is_in_force(
    resident: Any, peopled_hub: Hub, bearer: Headers
) -> None:
    identifier = ask(resident, bearer(resident)).json()["identifier"]
    answer = resident.get(f"/v1/certificates/{identifier}/status")
    assert answer.json()["status"] == "issued"
    assert FATHER not in answer.text
    unknown = resident.get("/v1/certificates/1.2.3/status")
    assert assert_problem(unknown)["code"] == "certificate-unknown"


@pytest.mark.parametrize(
    ("changes", "code", "error"),
    [
        ({"grant_type": "password"}, "grant-type-unsupported", "unsupported_grant_type"),
        ({"client_assertion": ""}, "assertion-malformed", "invalid_client"),
        ({"client_assertion_type": "basic"}, "assertion-malformed", "invalid_client"),
        ({"client_assertion": "a.b.c"}, "assertion-malformed", "invalid_client"),
    ],
)
def test_a_token_request_is_refused_in_the_words_of_oauth(
    resident: Any, client_key: Any, changes: dict[str, str], code: str, error: str
) -> None:
    audience = f"{resident.app.state.hub.settings.address}/oauth/token"
    answer = resident.post("/oauth/token", data={**token_form(client_key, audience), **changes})
    body = assert_problem(answer)
    assert (body["code"], body["error"]) == (code, error)


def test_a_token_is_given_once_for_one_assertion(resident: Any, client_key: Any) -> None:
    audience = f"{resident.app.state.hub.settings.address}/oauth/token"
    form = token_form(client_key, audience)
    given = resident.post("/oauth/token", data=form)
    assert given.json()["token_type"] == "Bearer"
    assert given.headers["cache-control"] == "no-store"
    assert assert_problem(resident.post("/oauth/token", data=form))["code"] == "assertion-replayed"
    wrong = token_form(client_key, "https://another.example/oauth/token")
    assert assert_problem(resident.post("/oauth/token", data=wrong))["code"] == "assertion-audience"
    late = token_form(client_key, audience, exp=1)
    assert assert_problem(resident.post("/oauth/token", data=late))["code"] == "assertion-expired"
    alien = token_form(client_key, audience, client="nobody")
    assert assert_problem(resident.post("/oauth/token", data=alien))["code"] == "client-unknown"


def test_the_interface_describes_itself(empty_hub: Hub) -> None:
    paths = build_app(empty_hub).openapi()["paths"]
    assert "post" in paths["/v1/certificate-requests"]
    machines = ("/v1/", "/oauth/", "/healthz", "/readyz", "/metrics", "/ocsp", "/tsa")
    assert all(path.startswith(machines) for path in paths)
