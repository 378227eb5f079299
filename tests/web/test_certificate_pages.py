from __future__ import annotations

import re
from typing import Any

import pytest

from certificates import preview
from hub import logbook
from hub.wiring import Hub
from kernel.ids import CertificateId
from tests.certificates.doubles import FATHER, MOTHER

PNG = b"\x89PNG\r\n\x1a\n"


def links(page: str, prefix: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf'href="({prefix}[^"/?]+)"', page)))


def own(visitor: Any) -> list[str]:
    return links(visitor.page("/me").text, "/certificates/")


def test_the_issuer_lists_its_own_certificates_without_personal_values(resident: Any) -> None:
    page = resident.sign_in("approver").page("/certificates").text
    assert "居民户口簿" in page
    assert len(links(page, "/certificates/")) == 1
    for text in (FATHER, MOTHER, "测试乙", "测试丙"):
        assert text not in page
    assert "还没有签发证照" in resident.page("/certificates?kind=marriage").text


def test_a_certificate_shows_status_lineage_files_and_receipts(resident: Any) -> None:
    resident.sign_in("approver")
    path = links(resident.page("/certificates").text, "/certificates/")[0]
    page = resident.page(path).text
    for text in ("示例市公安局", "有效", "PDF", "OFD", "sha256:", "population.csv:2"):
        assert text in page
    assert "certificates.issued" in page
    assert FATHER not in page


def test_the_holder_sees_both_certificates_and_the_face(
    resident: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident.sign_in("holder")
    paths = own(resident)
    assert len(paths) == 2
    monkeypatch.setattr(preview, "png", lambda pdf, width: PNG)
    face = resident.get(f"{paths[0]}/face.png")
    assert (face.content, face.headers["content-type"]) == (PNG, "image/png")
    assert "改变状态" not in resident.page(paths[0]).text


@pytest.mark.parametrize(("persona", "form"), [("holder", "pdf"), ("approver", "ofd")])
def test_holder_and_issuer_download_the_sealed_original_and_it_is_recorded(
    resident: Any, peopled_hub: Hub, persona: str, form: str
) -> None:
    resident.sign_in(persona)
    start = "/me" if persona == "holder" else "/certificates"
    path = links(resident.page(start).text, "/certificates/")[0]
    page = resident.page(path).text
    assert f'action="{path}/files/{form}"' in page
    assert "每次下载都记入日志" in page
    number = CertificateId(path.rpartition("/")[2])
    answer = resident.submit(f"{path}/files/{form}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"application/{form}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{number}.{form}"'
    assert answer.headers["cache-control"] == "private, no-store"
    entries = logbook.about(peopled_hub, number)
    assert "certificates.original-read" in {entry.kind for entry in entries}
    assert resident.post(f"{path}/files/{form}").json()["code"] == "csrf-missing"
    assert resident.submit(f"{path}/files/exe").status_code == 404
    assert resident.get(f"{path}/files/{form}").status_code == 405


@pytest.mark.parametrize("persona", ["steward", "clerk", "agency", "auditor", "officer"])
def test_nobody_else_downloads_an_original(resident: Any, persona: str) -> None:
    path = own(resident.sign_in("holder"))[0]
    resident.sign_in(persona)
    for form in ("pdf", "ofd"):
        assert resident.submit(f"{path}/files/{form}").status_code == 404


def test_a_refused_change_of_status_keeps_what_was_chosen(resident: Any) -> None:
    resident.sign_in("approver")
    path = links(resident.page("/certificates").text, "/certificates/")[0]
    page = resident.submit(f"{path}/status", {"status": "lost", "reason": "loss-reported"}).text
    assert 'value="lost" selected' in page
    assert 'value="loss-reported" selected' in page


def test_a_refused_grant_keeps_what_was_typed(resident: Any) -> None:
    resident.sign_in("holder")
    form = {
        "matter": "school-enrolment",
        "type": "household-register",
        "requester": "11410100MB0TE01184",
        "case_no": "案 77",
        "purpose": "school-eligibility",
        "fields": ["address"],
        "formats": ["ofd"],
        "hours": "8",
    }
    answer = resident.submit("/me/grants", form)
    assert answer.status_code == 400
    for text in ("case-missing", 'value="案 77"', 'value="8" selected', 'value="ofd" checked'):
        assert text in answer.text, text
    assert 'value="head_name">' in answer.text
    assert "matter-unknown" in resident.submit("/me/grants", {**form, "matter": "none"}).text


@pytest.mark.parametrize("persona", ["steward", "clerk", "agency", "auditor"])
def test_nobody_else_sees_a_certificate_or_learns_that_it_is_there(
    resident: Any, persona: str
) -> None:
    path = own(resident.sign_in("holder"))[0]
    resident.sign_in(persona)
    there, nowhere = resident.page(path), resident.page("/certificates/cert-none")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    codes = [re.search(r"<code>([a-z-]+)</code>", page.text) for page in (there, nowhere)]
    assert codes[0]
    assert codes[1]
    assert codes[0][1] == codes[1][1]
    assert resident.get(f"{path}/face.png").status_code == 404


def test_another_issuers_certificate_is_out_of_reach_of_an_approver(resident: Any) -> None:
    paths = own(resident.sign_in("holder"))
    resident.sign_in("approver")
    assert sorted(resident.page(path).status_code for path in paths) == [200, 404]
    for path in paths:
        if resident.page(path).status_code == 404:
            form = {"status": "suspended", "reason": "investigation", "confirm": "yes"}
            assert resident.submit(f"{path}/status", form).status_code in {403, 404}


def test_a_status_is_changed_only_when_confirmed_and_with_a_reason(resident: Any) -> None:
    resident.sign_in("approver")
    path = links(resident.page("/certificates").text, "/certificates/")[0]
    form = {"status": "suspended", "reason": "investigation", "confirm": "yes"}
    for wrong in ({"confirm": ""}, {"status": "no-such"}):
        answer = resident.submit(f"{path}/status", {**form, **wrong})
        assert answer.status_code == 400
        assert "confirmation-missing" in answer.text
    assert "reason-missing" in resident.submit(f"{path}/status", {**form, "reason": ""}).text
    assert resident.post(f"{path}/status", data=form).json()["code"] == "csrf-missing"
    assert resident.submit(f"{path}/status", form).status_code == 303
    assert "暂扣" in resident.page(path).text
    back = {"status": "issued", "reason": "settled", "confirm": "yes"}
    assert resident.submit(f"{path}/status", back).status_code == 303
    assert "certificates.status-changed" in resident.page(path).text


def test_the_qr_code_leads_to_the_status_without_a_person(resident: Any) -> None:
    resident.sign_in("holder")
    number = re.search(r'class="lead mono">([^<]+)<', resident.page(own(resident)[0]).text)
    assert number
    resident.cookies.clear()
    page = resident.get("/verify", params={"id": number[1]}, headers={"accept": "text/html"}).text
    assert "有效" in page
    assert FATHER not in page
    assert "登记中没有标识为 1.2.3 的证照" in resident.page("/verify?id=1.2.3").text


def test_a_holder_authorises_withdraws_and_sees_the_uses(resident: Any) -> None:
    resident.sign_in("holder")
    first = resident.page("/me/grants/new").text
    assert "school-enrolment/household-register" in first
    second = resident.page("/me/grants/new?for=school-enrolment/household-register").text
    assert 'name="fields" value="address"' in second
    form = {
        "matter": "school-enrolment",
        "type": "household-register",
        "requester": "11410100MB0TE01184",
        "case_no": "case-77",
        "purpose": "school-eligibility",
        "fields": ["address", "head_name"],
        "formats": ["data"],
        "hours": "8",
    }
    answer = resident.submit("/me/grants", form)
    assert answer.headers["location"] == "/me?done=granted"
    page = resident.page("/me?done=granted").text
    assert "已授权" in page
    assert "case-77" in page
    grant = re.findall(r'action="/me/grants/([^/"]+)/withdraw"', page)[0]
    assert resident.submit(f"/me/grants/{grant}/withdraw").status_code == 303
    assert "已撤回" in resident.page("/me?done=withdrawn").text
    assert "grant-not-open" in resident.submit(f"/me/grants/{grant}/withdraw").text
    assert "field-not-needed" in resident.submit("/me/grants", {**form, "fields": ["sex"]}).text
    assert resident.submit("/me/grants", {**form, "hours": "999"}).status_code == 422
    assert "fields-missing" in resident.submit("/me/grants", {**form, "fields": []}).text


def test_the_holder_sees_who_used_the_data_refusals_included(
    resident: Any, bearer: Any, peopled_hub: Hub
) -> None:
    from tests.web.test_requests import ask

    headers = bearer(resident)
    ask(resident, headers, case_no="case-seen")
    ask(resident, headers, case_no="case-seen-2", legal_basis="", grant="grant-none")
    page = resident.sign_in("holder").page("/me").text
    uses = page.split("谁用过我的数据")[-1]
    assert "示例市教育局" in uses
    assert "case-seen" in uses
    assert "义务教育法" in uses
    assert "已提供" in uses
