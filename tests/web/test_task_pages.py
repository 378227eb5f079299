"""A department's decisions, page by page: who sees what, what is refused, what follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.wiring import Hub
from tests.certificates.doubles import BABY, FATHER

STEP = "birth-registration"


@pytest.fixture
def fresh_hub(make_peopled: Callable[[], Hub]) -> Hub:
    return make_peopled()


@pytest.fixture
def signed_in(fresh_hub: Hub, visitor_for: Callable[[Hub], Any]) -> Callable[[str], Any]:
    return lambda persona: visitor_for(fresh_hub).sign_in(persona)


@pytest.fixture
def case(signed_in: Callable[[str], Any]) -> str:
    """Return the path of a case whose birth registration was handed in."""
    clerk, guardian = signed_in("clerk"), signed_in("holder")
    form = {"journey": "newborn", "subject": BABY, "applicant": FATHER}
    path = str(clerk.submit("/cases", form).headers["location"].partition("?")[0])
    assert guardian.submit(f"{path}/consent", {"confirm": "yes"}).status_code == 303
    clerk.submit(f"{path}/meet")
    assert clerk.submit(f"{path}/submit", {"step": "birth-certificate"}).status_code == 303
    midwife = signed_in("midwife")
    granted = midwife.submit(place(path, "birth-certificate"), {"decision": "granted"})
    assert granted.status_code == 303
    clerk.submit(f"{path}/meet")
    typed = {
        "step": STEP,
        "field.guardian_phone": "0371-00000000",
        "field.relation_to_head": "子",
    }
    assert clerk.submit(f"{path}/fill", typed).status_code == 303
    assert clerk.submit(f"{path}/submit", {"step": STEP}).status_code == 303
    return path


def place(case: str, step: str = STEP) -> str:
    return f"/tasks/{case.rpartition('/')[2]}/{step}"


def test_the_department_decides_and_the_window_goes_on(
    signed_in: Callable[[str], Any], case: str, fresh_hub: Hub
) -> None:
    officer = signed_in("officer")
    listed = officer.page("/tasks").text
    assert place(case) in listed
    assert FATHER not in listed
    shown = officer.page(place(case)).text
    none = officer.submit(f"{place(case)}/scan", {"material": "parents-marriage"})
    assert none.status_code == 404
    assert "/scan" not in shown
    assert "0371-00000000" in shown
    assert "调用电子证照，免提交" in shown
    assert "medical-insurance" not in shown

    answer = officer.submit(place(case), {"decision": "granted", "result_no": "HJ-2026-1"})
    assert answer.headers["location"] == "/tasks?done=awaited"
    after = officer.page("/tasks?done=awaited").text
    assert "登记数据送达后自动制发" in after
    assert place(case) not in after
    waiting = officer.page(place(case)).text
    assert "登记数据尚未送达" in waiting
    assert "再查一次登记数据" in waiting
    clerk = signed_in("clerk")
    assert "登记数据尚未送达" in clerk.page(case).text
    assert clerk.submit(f"{case}/produce").status_code == 303
    assert "已准予，等待登记数据" in clerk.page(case).text

    for row in fresh_hub.tools.source.rows["population"]:  # type: ignore[attr-defined] # the tests' source
        row["registration"] = "1"
    assert officer.submit(f"{place(case)}/produce").status_code == 303
    assert "HJ-2026-1" in officer.page(place(case)).text
    page = clerk.page(case).text
    assert "材料不会自行核验，请点击核验" in page
    clerk.submit(f"{case}/meet")
    page = clerk.page(case).text
    assert "使用前一步的结果，免提交" in page
    assert clerk.submit(f"{case}/submit", {"step": "medical-insurance"}).status_code == 303
    insurer = signed_in("insurer")
    assert place(case, "medical-insurance") in insurer.page("/tasks").text
    form = {"decision": "granted", "result_no": "YB-2026-1"}
    assert insurer.submit(place(case, "medical-insurance"), form).status_code == 303
    assert "已办结" in clerk.page(case).text


def test_a_decision_that_is_not_complete_keeps_what_was_typed(
    signed_in: Callable[[str], Any], case: str
) -> None:
    officer = signed_in("officer")
    undecided = officer.submit(place(case), {"result_no": "HJ-7"})
    assert undecided.status_code == 400
    assert "decision-missing" in undecided.text
    assert 'value="HJ-7"' in undecided.text
    clerk, vaccinator = signed_in("clerk"), signed_in("vaccinator")
    clerk.submit(f"{case}/submit", {"step": "vaccination-record"})
    numberless = vaccinator.submit(
        place(case, "vaccination-record"), {"decision": "granted", "result_no": " "}
    )
    assert "result-missing" in numberless.text
    assert 'value="granted" required checked' in numberless.text


def test_a_refusal_closes_the_case(signed_in: Callable[[str], Any], case: str) -> None:
    officer = signed_in("officer")
    assert officer.submit(place(case), {"decision": "declined"}).status_code == 303
    assert "不予办理" in signed_in("clerk").page(case).text
    again = officer.submit(place(case), {"decision": "granted", "result_no": "HJ-1"})
    assert "case-closed" in again.text


@pytest.mark.parametrize("persona", ["clerk", "holder", "approver", "agency", "steward", "auditor"])
def test_only_the_department_decides(
    signed_in: Callable[[str], Any], case: str, persona: str
) -> None:
    other = signed_in(persona)
    assert other.page("/tasks").status_code == 403
    assert 'href="/tasks"' not in other.page("/").text
    assert other.page(place(case)).status_code == 404
    form = {"decision": "granted", "result_no": "HJ-1"}
    assert other.submit(place(case), form).status_code in {403, 404}


def test_another_department_sees_nothing_of_the_step(
    signed_in: Callable[[str], Any], case: str
) -> None:
    insurer, officer = signed_in("insurer"), signed_in("officer")
    assert "没有等候决定的步骤" in insurer.page("/tasks").text
    assert insurer.page(place(case)).status_code == 404
    assert officer.page(place(case, "medical-insurance")).status_code == 404
    assert officer.page(place(case, "no-such-step")).status_code == 404
    assert officer.page("/tasks/case-none/birth-registration?lang=en").status_code == 404


def test_looking_at_a_task_is_recorded(
    signed_in: Callable[[str], Any], case: str, fresh_hub: Hub
) -> None:
    signed_in("officer").page(place(case))
    rows = fresh_hub.database.transactions.read(
        lambda tx: fresh_hub.database.journal.after(tx, 0, 9999)
    )
    assert [row.kind for row in rows].count("intake.task-read") == 1
