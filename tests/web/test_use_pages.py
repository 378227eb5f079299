"""An agency uses a certificate at the page: exactly the fields, a copy once, refusals in place."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hub.wiring import Hub
from tests.certificates.doubles import FATHER, MOTHER

PLACE = "school-enrolment/household-register"
WHOLE = ["household_number", "head_name", "address", "members"]


@pytest.fixture
def agency(resident: Any) -> Any:
    return resident.sign_in("agency")


def form(agency: Any, **changes: Any) -> dict[str, Any]:
    page = agency.page(f"/use?for={PLACE}").text
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once, page
    return {
        "place": PLACE,
        "once": once[1],
        "case_no": "RX-2026-1",
        "purpose": "school-eligibility",
        "basis": "compulsory-education-12",
        "holder": FATHER,
        "fields": ["address"],
        "formats": ["data"],
        **changes,
    }


def grant(visitor: Any, case_no: str) -> str:
    """Let the holder allow the whole face once; return the number of the grant."""
    visitor.sign_in("holder")
    offer = {
        "matter": "school-enrolment",
        "type": "household-register",
        "requester": "11410100MB0TE01184",
        "case_no": case_no,
        "purpose": "school-eligibility",
        "fields": WHOLE,
        "formats": ["data", "pdf", "ofd"],
        "hours": "8",
    }
    assert visitor.submit("/me/grants", offer).status_code == 303
    page = visitor.page("/me").text
    row = page.split(case_no)[1]
    found = re.search(r'action="/me/grants/([^/"]+)/withdraw"', row)
    assert found
    assert f"<code>{found[1]}</code>" in page
    return found[1]


def test_the_agency_finds_its_own_matters_alone(agency: Any) -> None:
    first = agency.page("/use").text
    assert PLACE in first
    assert "birth-registration" not in first
    second = agency.page(f"/use?for={PLACE}").text
    assert "义务教育法" in second
    assert "持证人本人授权" in second
    assert 'name="fields" value="address">' in second
    assert 'name="once"' not in agency.page("/use?for=birth-registration/marriage").text


def test_exactly_the_fields_asked_for_are_given_with_duty_and_receipt(agency: Any) -> None:
    answer = agency.submit("/use", form(agency, fields=["address", "members.name"]))
    assert answer.status_code == 200, answer.text
    page = answer.text
    for text in ("户籍地址", "录取结束后180日内删除", "log?no=", "测试乙"):
        assert text in page, text
    for secret in (FATHER, MOTHER, "H0001"):
        assert secret not in page
    assert answer.headers["cache-control"] == "no-store"


def test_sending_the_form_again_is_no_second_use(agency: Any) -> None:
    sent = form(agency, case_no="RX-2026-2")
    first, second = agency.submit("/use", sent), agency.submit("/use", sent)
    numbers = [re.search(r"<code>(req[^<]+)</code>", page.text) for page in (first, second)]
    assert numbers[0]
    assert numbers[1]
    assert numbers[0][1] == numbers[1][1]
    assert "没有再次用证" in second.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"case_no": ""}, "case-missing"),
        ({"purpose": ""}, "purpose-missing"),
        ({"basis": ""}, "basis-missing"),
        ({"basis": "consent", "grant": "grant-none"}, ""),
        ({"fields": []}, "fields-missing"),
        ({"fields": ["sex"]}, "field-not-needed"),
        ({"formats": []}, "format-not-allowed"),
        ({"formats": ["exe"]}, "format-not-allowed"),
        ({"holder": "410199202602010099"}, "not-found-or-not-permitted"),
        ({"once": ""}, "idempotency-missing"),
    ],
)
def test_a_refusal_is_told_in_place_with_its_remedy_and_what_was_typed(
    agency: Any, changes: dict[str, Any], code: str
) -> None:
    answer = agency.submit("/use", form(agency, **changes))
    assert 400 <= answer.status_code < 500, answer.text
    assert code in answer.text
    assert "下一步" in answer.text
    holder = changes.get("holder", FATHER)
    assert f'value="{holder}"' in answer.text


def test_a_grant_and_the_copy_behind_it_work_once(resident: Any, visitor_for: Any) -> None:
    hub: Hub = resident.app.state.hub
    number = grant(resident, "RX-2026-3")
    agency = visitor_for(hub).sign_in("agency")
    asked = {"basis": "consent", "grant": number, "case_no": "RX-2026-3", "fields": WHOLE}
    answer = agency.submit("/use", form(agency, **asked, formats=["data", "pdf"]))
    assert answer.status_code == 200, answer.text
    ticket = re.search(r'name="ticket" value="([^"]+)"', answer.text)
    assert ticket
    stranger = visitor_for(hub).sign_in("clerk")
    assert stranger.submit("/use/copy", {"ticket": ticket[1]}).status_code >= 400
    copy = agency.submit("/use/copy", {"ticket": ticket[1]})
    assert copy.status_code == 200, copy.text
    assert copy.headers["content-type"] == "application/pdf"
    assert copy.headers["content-disposition"].startswith("attachment")
    assert copy.content
    assert "ticket-invalid" in agency.submit("/use/copy", {"ticket": ticket[1]}).text
    again = agency.submit("/use", form(agency, **asked))
    assert 400 <= again.status_code < 500
    assert f'value="{number}"' in again.text


@pytest.mark.parametrize("persona", ["steward", "approver", "holder", "auditor", "officer"])
def test_who_handles_no_request_gets_no_page(resident: Any, persona: str) -> None:
    resident.sign_in(persona)
    assert resident.page("/use").status_code == 403
    sent = {"place": PLACE, "once": "x", "holder": FATHER, "fields": ["address"]}
    assert resident.submit("/use", sent).status_code == 403


def test_an_agency_without_a_matter_is_told_so(agency: Any, peopled_hub: Hub) -> None:
    from hub.pages.use import choices

    assert choices(peopled_hub, "11410100MB0TE002XG") == []
    assert agency.page("/use?for=no/such").status_code == 200
