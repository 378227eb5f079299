"""A newborn's case at the window, page by page, with the guardian's consent."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.wiring import Hub
from tests.certificates.doubles import BABY, FATHER, MOTHER, UNCLE

PDF = b"%PDF-1.7\n%%EOF"


@pytest.fixture
def fresh_hub(make_peopled: Callable[[], Hub]) -> Hub:
    return make_peopled()


@pytest.fixture
def clerk(fresh_hub: Hub, visitor_for: Callable[[Hub], Any]) -> Any:
    return visitor_for(fresh_hub).sign_in("clerk")


@pytest.fixture
def guardian(fresh_hub: Hub, visitor_for: Callable[[Hub], Any]) -> Any:
    return visitor_for(fresh_hub).sign_in("holder")


@pytest.fixture
def midwife(fresh_hub: Hub, visitor_for: Callable[[Hub], Any]) -> Any:
    return visitor_for(fresh_hub).sign_in("midwife")


def opened(clerk: Any, **changes: str) -> Any:
    form = {"journey": "newborn", "subject": BABY, "applicant": FATHER, **changes}
    return clerk.submit("/cases", form)


@pytest.fixture
def case(clerk: Any) -> str:
    answer = opened(clerk)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].partition("?")[0])


def figure(page: str, title: str) -> int:
    found = re.search(rf"<dt>{title}</dt><dd>(\d+)</dd>", page)
    assert found, title
    return int(found[1])


def test_before_any_case_the_list_is_empty_and_offers_to_open_one(clerk: Any) -> None:
    page = clerk.page("/cases").text
    assert "还没有办件" in page
    assert "新生儿出生一件事" in page


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"journey": "no-such"}, "journey-unknown"),
        ({"subject": "410199202602010099"}, "subject-not-found"),
        ({"subject": ""}, "subject-not-found"),
        ({"applicant": UNCLE}, "applicant-not-guardian"),
        ({"subject": UNCLE}, ""),
    ],
)
def test_a_case_that_data_does_not_bear_is_refused_with_its_reason(
    clerk: Any, changes: dict[str, str], code: str
) -> None:
    answer = opened(clerk, **changes)
    assert 400 <= answer.status_code < 500
    assert code in answer.text
    assert "下一步" in answer.text
    for number in {"subject": BABY, "applicant": FATHER, **changes}.values():
        assert number == "no-such" or f'value="{number}"' in answer.text


def test_a_whole_case_needs_no_paper_once_the_guardian_agrees(
    clerk: Any, guardian: Any, midwife: Any, case: str
) -> None:
    page = clerk.page(f"{case}?done=opened").text
    assert "已受理" in page
    assert "尚未同意" in page
    assert figure(page, "还缺") > 0
    assert 'name="confirm"' not in page
    assert BABY not in page

    asked = guardian.page(case).text
    assert "结婚证" in asked
    assert guardian.submit(f"{case}/consent").status_code == 400
    assert guardian.submit(f"{case}/consent", {"confirm": "yes"}).status_code == 303
    assert "已于" in clerk.page(case).text

    assert clerk.submit(f"{case}/meet").status_code == 303
    page = clerk.page(f"{case}?done=met").text
    assert "调用电子证照，免提交" in page
    assert "数据核验通过，免提交" in page
    assert figure(page, "不再需要的纸质材料") == 3 + 4 + 1
    assert figure(page, "自动填写的字段") >= 8

    assert clerk.submit(f"{case}/submit", {"step": "birth-certificate"}).status_code == 303
    task = f"/tasks/{case.rpartition('/')[2]}/birth-certificate"
    granted = midwife.submit(task, {"decision": "granted"})
    assert granted.headers["location"] == "/tasks?done=granted", "its number is the certificate's"
    clerk.submit(f"{case}/meet")
    page = clerk.page(case).text
    assert "U090000001" in page
    assert re.search(r'href="/verify\?id=1\.2\.156\.', page)
    assert "使用前一步的结果，免提交" in page

    early = clerk.submit(f"{case}/submit", {"step": "birth-registration"})
    assert "还有" in early.text
    bad = {"step": "birth-registration", "field.guardian_phone": "not a phone"}
    refused = clerk.submit(f"{case}/fill", bad).text
    assert "监护人联系电话" in refused
    assert 'value="not a phone"' in refused
    good = {
        "step": "birth-registration",
        "field.guardian_phone": "0371-00000000",
        "field.relation_to_head": "子",
    }
    assert clerk.submit(f"{case}/fill", good).status_code == 303
    sent = clerk.submit(f"{case}/submit", {"step": "birth-registration"})
    assert sent.status_code == 303
    assert "已提交，部门办理中" in clerk.page(f"{case}?done=submitted").text

    used = guardian.page("/me").text
    assert "示例市行政审批和政务信息管理局" in used.split("谁用过我的数据")[-1]


def test_without_consent_data_still_helps_and_the_page_says_what_it_did(
    clerk: Any, case: str
) -> None:
    clerk.submit(f"{case}/meet")
    page = clerk.page(case).text
    assert "证照：" in page
    assert figure(page, "不再需要的纸质材料") >= 3


def test_what_data_gave_cannot_be_typed_over(clerk: Any, case: str) -> None:
    clerk.submit(f"{case}/meet")
    form = {"step": "birth-certificate", "field.child_name": "别的名字"}
    answer = clerk.submit(f"{case}/fill", form)
    assert "不能改写" in answer.text


def test_a_scan_is_taken_only_where_nothing_else_helped(clerk: Any, case: str) -> None:
    form = {"step": "birth-certificate", "material": "parents-marriage"}
    scan = {"file": ("证明.pdf", PDF, "application/pdf")}
    first = clerk.submit(f"{case}/upload", form, files=scan)
    assert "请先由系统核验" in first.text
    clerk.submit(f"{case}/meet")
    assert "不需要再提交" in clerk.submit(f"{case}/upload", form, files=scan).text
    assert "file-missing" in clerk.submit(f"{case}/upload", form).text
    assert "不需要再提交" in clerk.submit(f"{case}/promise", form).text


@pytest.mark.parametrize("persona", ["steward", "approver", "agency", "auditor", "officer"])
def test_a_case_is_nobody_elses(
    clerk: Any, case: str, fresh_hub: Hub, visitor_for: Any, persona: str
) -> None:
    other = visitor_for(fresh_hub).sign_in(persona)
    assert other.page(case).status_code == 404
    assert other.submit(f"{case}/meet").status_code == 404
    assert other.page("/cases/case-none").status_code == 404


def test_a_clerk_cannot_consent_for_the_guardian(clerk: Any, case: str) -> None:
    assert clerk.submit(f"{case}/consent", {"confirm": "yes"}).status_code == 404
    assert "尚未同意" in clerk.page(case).text


def test_every_form_of_a_case_wants_its_code(clerk: Any, case: str) -> None:
    for verb in ("consent", "meet", "promise", "upload", "fill", "submit", "regions", "produce"):
        answer = clerk.post(f"{case}/{verb}", data={"step": "birth-registration"})
        assert answer.json()["code"] == "csrf-missing", verb
    assert clerk.post("/cases", data={}).json()["code"] == "csrf-missing"


def test_the_case_page_masks_id_numbers(clerk: Any, case: str) -> None:
    page = clerk.page(case).text
    for number in (BABY, FATHER, MOTHER):
        assert number not in page
    assert "410***********" in page


def test_each_paper_not_needed_names_its_city_ground_record_and_no_whole_number(
    clerk: Any, guardian: Any, case: str
) -> None:
    guardian.submit(f"{case}/consent", {"confirm": "yes"})
    clerk.submit(f"{case}/meet")
    papers = clerk.page(case).text.split("哪些纸质材料不用交，为什么")[-1]
    assert "示例市" in papers or "郑州市" in papers
    assert "持证人授权（单次、限本办件）" in papers
    assert re.search(r'href="/log\?no=\d+"', papers)
    assert re.search(r"\.[0-9A-Z]{4}\*{4}\.001\.", papers)
    english = clerk.page(f"{case}?lang=en").text.split("Which papers were not needed")[-1]
    assert "the holder&#39;s consent, once and for this case" in english


def test_a_person_of_another_city_is_asked_about_and_said_on_the_page(
    clerk: Any, fresh_hub: Hub
) -> None:
    peer(fresh_hub)
    rows = fresh_hub.tools.source.rows["population"]  # type: ignore[attr-defined] # the tests' source
    rows[:] = [row for row in rows if row["id_number"] != MOTHER]
    listed = clerk.page("/cases").text
    assert "另一监护人户籍地" in listed
    assert "示例洛阳市 410300" in listed
    wrong = opened(clerk, other_region="419999")
    assert "region-unknown" in wrong.text
    path = str(opened(clerk).headers["location"].partition("?")[0])
    clerk.submit(f"{path}/meet")
    page = clerk.page(path).text
    assert "户籍地未知" in page
    assert "户籍地未知，无法向外地调用证照" in page
    assert (
        "region-unknown"
        in clerk.submit(f"{path}/regions", {"party": "child", "region": "410300"}).text
    )
    said = clerk.submit(f"{path}/regions", {"party": "other", "region": "410300"})
    assert said.headers["location"].endswith("?done=settled")
    clerk.submit(f"{path}/meet")
    page = clerk.page(path).text
    assert "证照（示例洛阳市）：" in page
    assert "再试一次" in page


def peer(hub: Hub) -> None:
    """Register a peer that nobody trusts yet."""
    spki = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = base64.b64encode(der).decode()
    folder = hub.settings.root / "registry" / "certificates" / "peers"
    folder.mkdir(parents=True)
    (folder / "410300.toml").write_text(
        'schema = 1\nregion = "410300"\nname = "示例洛阳市"\n'
        f'address = "http://127.0.0.1:9"\nkeys = [{{spki = "{text}"}}]\n',
        "utf-8",
    )
