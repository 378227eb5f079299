"""What strangers, departments and clients send is shown as text, or refused; it never acts."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from hub.wiring import Hub
from identity.assertions import ASSERTION_TYPE
from tests.web.standin import StandinCatalog, sample_resource
from tests.web.test_door import assert_problem, routes

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def hostile(empty_hub: Hub) -> Iterator[StandinCatalog]:
    """A department whose every word is markup."""
    entry = sample_resource()
    words = dict.fromkeys(("name", "abstract", "provider", "share_condition", "category"), SCRIPT)
    items = tuple(replace(item, name=SCRIPT) for item in entry.items)
    real = empty_hub.catalog
    standin = StandinCatalog(replace(entry, about=replace(entry.about, **words), items=items))
    empty_hub.__dict__["catalog"] = standin
    yield standin
    empty_hub.__dict__["catalog"] = real


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/resources",
        "/resources/population",
        "/resources/population/quarantine",
        "/search?q=script",
    ],
)
def test_markup_in_a_departments_data_is_shown_as_text(
    visitor: Any, hostile: StandinCatalog, path: str
) -> None:
    page = visitor.sign_in("steward").page(path).text
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["//elsewhere.example/x", "/\\elsewhere.example", "///a.example"])
def test_no_link_of_a_page_leads_to_another_host(visitor: Any, path: str) -> None:
    page = visitor.page(f"http://testserver{path}").text
    assert 'href="//' not in page
    assert 'href="/\\' not in page
    assert 'hreflang="en"' in page


@pytest.mark.parametrize(
    "path", ["/resources/a%00b", "/search?q=a%00", "/verify?id=%00", "/v1/certificates/%00/status"]
)
def test_a_character_that_no_database_keeps_is_nowhere(visitor: Any, path: str) -> None:
    assert assert_problem(visitor.get(path))["code"] == "page-not-found"


@pytest.mark.parametrize(
    "name", ["x" * 300, "a%2f..%2f..%2f..%2fkeys%2fdata.key", "%2e%2e", "a%0a.html"]
)
def test_a_page_of_the_data_docs_has_a_name_that_a_file_can_have(
    visitor: Any, hostile: StandinCatalog, name: str
) -> None:
    visitor.sign_in("steward")
    for batch in ("batch-9", "%2e%2e", "%2e", "x" * 300):
        answer = visitor.page(f"/data-docs/population/{batch}/{name}")
        assert answer.status_code == 404


@pytest.mark.parametrize("header", [{"alg": ["ES256"]}, {"alg": {}}, {"alg": None}, ["ES256"], 7])
def test_an_assertion_with_a_header_of_another_shape_is_refused(visitor: Any, header: Any) -> None:
    parts = (json.dumps(part).encode() for part in (header, {"iss": "a", "sub": "a"}))
    coded = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": ".".join((*coded, "AAAA")),
    }
    answer = visitor.post("/oauth/token", data=form)
    assert assert_problem(answer)["code"] in {"assertion-algorithm", "assertion-malformed"}


def refusals(hub: Hub) -> list[tuple[str, str, str]]:
    transactions, journal = hub.database.transactions, hub.database.journal
    rows = transactions.read(lambda tx: journal.after(tx, 0, 99_999))
    return [
        (row.kind, row.subject, json.loads(row.body)["actor"]["id"])
        for row in rows
        if row.kind.endswith(("-refused", "not-permitted"))
    ]


def test_what_somebody_known_may_not_do_is_recorded_once_whoever_refuses(
    visitor: Any, empty_hub: Hub, hostile: StandinCatalog, bearer: Any
) -> None:
    before = len(refusals(empty_hub))
    assert visitor.page("/resources/population/quarantine").status_code == 401
    assert refusals(empty_hub)[before:] == []
    visitor.sign_in("clerk")
    assert visitor.page("/resources/population/quarantine").status_code == 403
    assert visitor.page("/me").status_code == 403
    entries = visitor.get("/v1/audit/tile/entries/000", headers=bearer(visitor))
    assert entries.status_code == 403
    known = refusals(empty_hub)[before:]
    assert [(kind, subject) for kind, subject, _ in known] == [
        ("hub.not-permitted", "catalog.quarantine"),
        ("hub.not-permitted", "certificates.read"),
        ("hub.not-permitted", "audit.check"),
    ]
    assert known[0][2] == "persona:clerk"
    assert known[2][2] == "client:test-agency"
    body = {"requester": "x", "matter": "x", "case_no": "1", "purpose": "x", "type": "x"}
    headers = {"x-csrf-token": visitor.csrf()}
    answer = visitor.post("/v1/authorizations", json=body | {"fields": ["x"]}, headers=headers)
    assert answer.status_code == 403
    assert [kind for kind, *_ in refusals(empty_hub)[before + 3 :]] == [
        "certificates.grant-refused"
    ]


FORMS = [path for method, path in routes() if method == "POST" and not path.startswith("/oauth")]
OPEN = {
    "/sign-in",
    "/verify",
    "/verify/replay",
    "/verify/report",
    "/v1/verifications",
    "/v1/certificate-requests",
    "/v1/peer-requests",
    "/ocsp",
    "/tsa",
}
"""No session stands behind these: strangers may, or a token or a message's signature proves who."""


@pytest.mark.parametrize("path", sorted({*FORMS} - OPEN))
def test_every_form_needs_the_code_of_its_own_session(visitor: Any, path: str) -> None:
    answer = visitor.post(path, data={})
    assert assert_problem(answer)["code"] == "sign-in-needed"
    for persona in ("clerk", "holder", "approver"):
        visitor.sign_in(persona)
        for code in ({}, {"csrf": "0" * 64}):
            assert assert_problem(visitor.post(path, data=code))["code"] == "csrf-missing"


@pytest.mark.parametrize("path", ["/sign-in", "/verify", "/verify/replay", "/verify/report"])
def test_a_form_that_needs_no_session_is_not_taken_from_another_site(
    visitor: Any, path: str
) -> None:
    for headers in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        answer = visitor.post(path, data={"persona": "clerk"}, headers=headers)
        assert assert_problem(answer)["code"] == "origin-foreign"


NAMES = (
    *("journey", "subject", "applicant", "step", "material", "decision", "result_no", "place"),
    *("case_no", "purpose", "basis", "grant", "holder", "fields", "formats", "once", "ticket"),
    *("matter", "type", "requester", "status", "reason", "persona", "then", "field.x"),
)
RUBBISH = ("", "\x00", "'; DROP TABLE case; --", SCRIPT, "𠮷" * 200, "../../x", "%s{0}{trace}")


@pytest.mark.parametrize("path", sorted({*FORMS} - {"/sign-out", "/v1/verifications"}))
def test_rubbish_in_a_form_is_refused_and_never_a_failure_of_the_hub(
    peopled_hub: Hub, visitor_for: Any, path: str
) -> None:
    for persona in ("clerk", "holder", "approver", "agency", "officer"):
        browser = visitor_for(peopled_hub).sign_in(persona)
        code = browser.csrf()
        for text in RUBBISH:
            form = {"csrf": code, "confirm": "yes", "hours": "1", **dict.fromkeys(NAMES, text)}
            answer = browser.post(path, data=form, headers={"accept": "text/html"})
            assert answer.status_code < 500, (persona, text)
            assert SCRIPT not in answer.text


def test_comparisons_that_strangers_ask_for_run_one_at_a_time(
    empty_hub: Hub, visitor: Any, hostile: StandinCatalog
) -> None:
    running, most, guard = 0, 0, threading.Lock()
    real = hostile.diff

    def diff(*asked: Any) -> Any:
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with guard:
            running -= 1
        return real(*asked)

    empty_hub.__dict__["catalog"].__dict__["diff"] = diff
    path = "/resources/population/diff?before=population-1&after=population-2"
    with visitor, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: visitor.page(path).status_code, range(4)))
    assert answers == [200] * 4
    assert most == 1
