"""The verify page with real seals: panel, pages, replay from the ticket, and reports as files."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from certificates.previews import Pages, Picture
from hub import pagemarks, verify_ticket
from hub.api.verifications import accepted
from hub.errors import Code
from hub.judging import HubJudge
from hub.verify_reports import ReportFormat
from hub.wiring import Hub
from kernel.actors import Actor, ActorKind
from kernel.errors import Refused
from signing.model import Evidence, SignatureEvidence, StampEvidence
from tests.hub.sealed import NOON, issued, originals, sealed
from tests.web.test_door import assert_problem

HTML = {"accept": "text/html"}
SCHEMA = Path(__file__).parents[2] / "docs" / "formats" / "report.schema.json"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with sealed(tmp_path_factory.mktemp("verify") / "hub") as hub:
        yield hub


@pytest.fixture(scope="module")
def files(hub: Hub) -> dict[str, bytes]:
    return originals(hub, issued(hub))


@pytest.fixture
def clerk(hub: Hub, visitor_for: Any) -> Any:
    return visitor_for(hub).sign_in("clerk")


@pytest.fixture
def stranger(hub: Hub, visitor_for: Any) -> Any:
    return visitor_for(hub)


def checked(asker: Any, data: bytes, name: str = "证照.pdf", **form: str) -> str:
    page = asker.post("/verify", files={"file": (name, data)}, data=form, headers=HTML)
    assert page.status_code == 200
    return str(page.text)


def fields(page: str) -> dict[str, str]:
    return dict(
        re.findall(r'type="hidden" name="(ticket|shown_at|shown_policy)" value="(.*?)"', page)
    )


def download(asker: Any, page: str, kind: str, form: str) -> Any:
    return asker.post(
        "/verify/report", data={**fields(page), "kind": kind, "format": form}, headers=HTML
    )


@pytest.mark.parametrize("form", ["pdf", "ofd"])
def test_the_page_shows_seal_checks_and_the_page_with_its_seal(
    stranger: Any, files: dict[str, bytes], form: str
) -> None:
    page = checked(stranger, files[form], f"a.{form}")
    assert "核验通过" in page
    assert "证书有效期" in page
    assert ("SM2 + SM3" if form == "ofd" else "ECDSA P-256") in page
    assert ("制章者" in page) == (form == "ofd")
    assert 'class="seal-mark good"' in page
    assert 'href="data:image/' in page
    assert "<details" in page
    assert "<script" not in page
    sent = {"file": (f"a.{form}", files[form])}
    english = stranger.post("/verify?lang=en", files=sent, headers=HTML)
    assert "Every check" in english.text
    assert "逐项检查" not in english.text


def test_the_same_evidence_is_judged_under_another_policy_and_time(
    stranger: Any, files: dict[str, bytes]
) -> None:
    held = fields(checked(stranger, files["ofd"], "a.ofd"))
    data = {"ticket": held["ticket"], "policy": "archive", "at": "2020-01-01T00:00:00"}
    page = stranger.post("/verify/replay", data=data, headers=HTML)
    assert page.status_code == 200
    assert "E_TIME_IN_FUTURE" in page.text
    assert "2020-01-01 00:00:00" in page.text
    assert 'href="data:image/' not in page.text
    again = stranger.post("/verify/replay", data=data | {"at": ""}, headers=HTML)
    assert "核验通过" in again.text
    assert fields(again.text)["shown_policy"] == "archive"


@pytest.mark.parametrize("at", ["soon", "2026-13-01T00:00", "0001-01-01T00:00", "9" * 5000])
def test_a_time_that_is_none_is_told_and_nothing_is_lost(
    stranger: Any, files: dict[str, bytes], at: str
) -> None:
    held = fields(checked(stranger, files["ofd"], "a.ofd"))
    page = stranger.post("/verify/replay", data={"ticket": held["ticket"], "at": at}, headers=HTML)
    assert page.status_code == 400
    assert Code.MOMENT_MALFORMED in page.text
    assert fields(page.text)["ticket"]


@pytest.mark.parametrize("ticket", ["", "x", "AAAA", "ÿ", "A" * 700_000])
def test_a_ticket_that_is_none_is_refused(stranger: Any, ticket: str) -> None:
    for path in ("/verify/replay", "/verify/report"):
        page = stranger.post(path, data={"ticket": ticket}, headers=HTML)
        assert page.status_code == 400
        assert Code.VERIFICATION_TICKET in page.text


def test_a_ticket_serves_its_own_visitor_for_an_hour(
    hub: Hub, stranger: Any, clerk: Any, files: dict[str, bytes]
) -> None:
    held = fields(checked(clerk, files["ofd"], "a.ofd"))
    stranger.cookies.clear()
    page = stranger.post("/verify/replay", data=held, headers=HTML)
    assert page.status_code == 400
    vault, actor = hub.vault, Actor("a", ActorKind.STAFF)
    evidence = Evidence(1, "a", "pdf", 1, "00")
    ticket = verify_ticket.seal(vault, actor, evidence, NOON)
    late = NOON + verify_ticket.LIFETIME
    found = verify_ticket.unseal(vault, actor, ticket, late - timedelta(seconds=1))
    assert found == verify_ticket.Ticket(evidence, NOON)
    assert isinstance(verify_ticket.unseal(vault, actor, ticket, late), Refused)
    early = NOON - timedelta(seconds=1)
    assert isinstance(verify_ticket.unseal(vault, actor, ticket, early), Refused)
    changed = ticket[:-9] + ("A" if ticket[-9] != "A" else "B") + ticket[-8:]
    assert isinstance(verify_ticket.unseal(vault, actor, changed, NOON), Refused)


def test_evidence_too_long_for_a_ticket_gets_none(hub: Hub) -> None:
    long = Evidence(1, "x" * (9 << 20), "pdf", 1, "00")
    assert verify_ticket.seal(hub.vault, Actor("a", ActorKind.STAFF), long, NOON) == ""


@pytest.mark.parametrize("kind", ["simple", "detailed", "diagnostic"])
def test_reports_are_downloaded_in_three_formats_twice_the_same(
    hub: Hub, clerk: Any, files: dict[str, bytes], kind: str
) -> None:
    page = checked(clerk, files["pdf"])
    for form, media in (("json", "application/json"), ("html", "text/html")):
        found = download(clerk, page, kind, form)
        assert found.headers["content-type"].startswith(media)
        assert "attachment" in found.headers["content-disposition"]
        assert found.content == download(clerk, page, kind, form).content
        if form == "json":
            Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(found.json())
    sheet = download(clerk, page, kind, "pdf")
    assert sheet.content == download(clerk, page, kind, "pdf").content
    verdict = HubJudge(hub.settings.root, hub.trust).judge(sheet.content, NOON)
    assert verdict.passed, verdict
    assert "电子印章核验报告" in told(sheet.content)
    assert "演示环境" in told(sheet.content)


def told(pdf: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return "".join(page.get_textpage().get_text_range() for page in document)


def test_a_stranger_gets_no_sealed_report_but_the_others(
    stranger: Any, files: dict[str, bytes]
) -> None:
    page = checked(stranger, files["pdf"])
    assert download(stranger, page, "simple", "pdf").status_code == 401
    assert download(stranger, page, "simple", "json").status_code == 200
    assert download(stranger, page, "other", "json").status_code == 422
    assert download(stranger, page, "simple", "docx").status_code == 422


def test_without_a_seal_for_reports_the_page_says_so(empty_hub: Hub, visitor_for: Any) -> None:
    asker = visitor_for(empty_hub).sign_in("clerk")
    page = checked(asker, b"%PDF-1.7 rubbish")
    found = download(asker, page, "simple", "pdf")
    assert found.status_code == 503
    assert Code.REPORT_SEAL_MISSING in found.text
    asker.post("/sign-out", data={"csrf": asker.csrf()})


def test_the_interface_gives_the_same_reports_by_accept(
    stranger: Any, files: dict[str, bytes]
) -> None:
    def ask(accept: str, **form: str) -> Any:
        return stranger.post(
            "/v1/verifications",
            files={"file": ("a.ofd", files["ofd"])},
            data=form,
            headers={"accept": accept},
        )

    plain = ask("*/*")
    assert plain.json()["indication"] == "TOTAL_PASSED"
    assert plain.json()["holds"] is True
    report = ask("application/json", report="detailed").json()
    assert (report["report"], report["schema"]) == ("detailed", 1)
    assert ask("text/html;q=0.9, application/json;q=0.1").text.startswith("<!DOCTYPE html>")
    assert ask("application/json", at="2020-01-01T00:00:00Z").json()["indication"] != "TOTAL_PASSED"
    assert assert_problem(ask("*/*", at="never"))["code"] == Code.MOMENT_MALFORMED
    assert assert_problem(ask("application/pdf"))["code"] == Code.BEARER_NEEDED


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/html,application/xhtml+xml", "html"),
        ("application/pdf;q=0", "json"),
        ("application/pdf;q=x, text/html;q=0.2", "html"),
        ("APPLICATION/PDF", "pdf"),
        (";;;,,,q=", "json"),
    ],
)
def test_the_most_wanted_format_is_chosen(header: str, wanted: str) -> None:
    assert accepted(header) is ReportFormat(wanted)


@pytest.mark.parametrize(
    ("turn", "box"),
    [
        (0, (10.0, 20.0, 30.0, 40.0)),
        (90, (297.0 - 60, 10.0, 40.0, 30.0)),
        (180, (170.0, 237.0, 30.0, 40.0)),
        (270, (20.0, 170.0, 40.0, 30.0)),
    ],
)
def test_seals_are_marked_on_turned_pages(turn: int, box: tuple[float, ...]) -> None:
    wide, high = (210.0, 297.0) if turn in {0, 180} else (297.0, 210.0)
    picture = Picture("0", 1, wide, high, "image/png", "AAAA", turn=turn)
    assert pagemarks.turned((10.0, 20.0, 30.0, 40.0), picture) == box


def test_stamps_without_numbers_are_not_marked_and_strips_are() -> None:
    stamps = (
        StampEvidence("0", "1", "2", "40", "40", "30 0 10 40"),
        StampEvidence("0", "nan", "2", "3", "4"),
        StampEvidence("0", "", "", "", ""),
    )
    signature = SignatureEvidence("1", "seal", "ses-v4", "p", stamps=stamps)
    evidence = Evidence(1, "a", "ofd", 1, "00", (signature,))
    pages = Pages((Picture("0", 1, 210, 297, "image/png", "AAAA"),), 1)
    (page,) = pagemarks.shown(pages, evidence, ["good"])
    assert [mark["box"] for mark in page["marks"]] == [(31.0, 2.0, 10.0, 40.0)]
