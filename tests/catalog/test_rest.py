"""Deliveries from a paged web service: pages that add up to one delivery, or to none."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog import sources
from catalog.model import State
from kernel.clock import FixedClock
from kernel.errors import TongbanError
from storage.probe import KillProbe, NoProbe
from tests.catalog.pagedrig import CLOCK, brought, fails, people, rig_at, run, told
from tests.catalog.pagedservice import Service
from tests.catalog.rig import SOURCE, Rig


@pytest.fixture
def rig(paged: Rig) -> Rig:
    return paged


def test_pages_become_a_version_and_the_same_pages_are_nothing_new(
    rig: Rig, service: Service
) -> None:
    rig = told(rig, token_file=str(rig.home / "token"), size_param="size", page_size=20)
    outcome = run(rig)
    assert (outcome.state, outcome.counts.published) == (State.PUBLISHED, 90)
    assert service.asked == [1, 2, 3, 4, 5, 1]
    assert {headers["authorization"] for headers in service.headers} == {"Bearer t0ken"}
    found = {record.row_key: record.values["code"] for record in rig.catalog.scan("roll")}
    assert found == {f"{n // 20 + 1}:{n % 20 + 1}": f"c{n:06d}" for n in range(90)}
    again = run(rig)
    assert (again.batch, again.changed) == (outcome.batch, False)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("500", "source-failing"), ("503", "source-failing"), ("cut", "source-broke-off")],
)
def test_a_page_that_keeps_failing_is_told_and_the_next_run_goes_on_there(
    rig: Rig, service: Service, fault: str, code: str
) -> None:
    service.faults, service.lasting = {4: [fault]}, True
    assert fails(rig).code == code
    assert service.asked == [1, 2, 3, 4, 4, 4]
    service.faults, service.asked = {}, []
    assert brought(rig) == 90
    assert service.asked == [4, 5, 1]


@pytest.mark.parametrize("total", [89, 91, 40, 10**11])
def test_a_total_that_does_not_add_up_is_told_and_no_page_is_used(
    rig: Rig, service: Service, total: int
) -> None:
    service.more = {"total": total}
    if total == 40:
        rig = told(rig, pages_at="pages")
        service.more["pages"] = 5
    assert fails(rig).code == "answer-total"
    service.more = {"pages": "5"}
    service.asked = []
    assert brought(rig) == 90
    assert service.asked == [1, 2, 3, 4, 5, 1]


def test_records_that_come_while_pages_are_read_are_an_error_and_no_mix(
    rig: Rig, service: Service
) -> None:
    service.bodies[4] = service.body(4).replace(b'"total": 90', b'"total": 91')
    assert fails(rig).code == "source-changing"
    service.bodies.clear()
    changed = iter([service.body(1), b""])
    first = service.body(1)

    class Changing(dict[int, bytes]):
        def __contains__(self, number: object) -> bool:
            return number == 1

        def __getitem__(self, number: int) -> bytes:
            return next(changed) or first.replace(b"c000001", b"c900001")

    service.bodies = Changing()
    assert fails(rig).code == "source-changing"
    service.bodies = {}
    assert brought(rig) == 90


def test_a_state_that_the_service_names_must_be_one(rig: Rig, service: Service) -> None:
    rig = told(rig, state_at="snapshot.id")
    service.more = {"snapshot": {"id": 7}}
    service.bodies[5] = service.body(5).replace(b'"id": 7', b'"id": 8')
    assert fails(rig).code == "source-changing"


def test_pages_without_end_are_given_up(rig: Rig, service: Service) -> None:
    service.records = people(5000)
    assert fails(told(rig, max_pages=4)).code == "answer-endless"
    assert service.asked == [1, 2, 3, 4]


def test_a_service_that_gives_one_page_for_every_number_is_told(rig: Rig, service: Service) -> None:
    service.bodies = dict.fromkeys(range(1, 9), service.body(1))
    assert fails(rig).params["reason"] == "page"
    assert fails(told(rig, page_at="")).params["reason"] == "repeated"


def test_pages_that_are_too_large_together_are_told(rig: Rig) -> None:
    small = replace(rig.source, delivery=replace(rig.source.delivery, max_bytes=3000))
    rig = replace(rig, ingest=replace(rig.ingest, sources={small.name: small}))
    assert fails(rig).code == "delivery-too-large"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "JSON"),
        (b"<html>", "JSON"),
        (b'{"total": 1, "page": 1, "records": [{"x": NaN}]}', "JSON"),
        (b'{"total": 1, "total": 2, "page": 1, "records": []}', "JSON"),
        ('{"total": 1, "page": 1, "records": ["测"]}'.encode("gb18030"), "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[]", "records"),
        (b'{"total": 1, "page": 1}', "records"),
        (b'{"total": 1, "page": 1, "records": {}}', "records"),
        (b'{"page": 1, "records": []}', "total"),
        (b'{"total": -1, "page": 1, "records": []}', "total"),
        (b'{"total": 1.0, "page": 1, "records": []}', "total"),
        (b'{"total": 1, "page": 2, "records": []}', "page"),
    ],
)
def test_an_answer_that_is_not_as_agreed_is_told(
    rig: Rig, service: Service, body: bytes, reason: str
) -> None:
    service.bodies[1] = body
    fault = fails(rig)
    assert (fault.code, fault.params["page"], fault.params["reason"]) == (
        "answer-malformed",
        "1",
        reason,
    )


def test_records_that_are_no_row_go_to_quarantine_alone(rig: Rig, service: Service) -> None:
    strange: list[Any] = [
        "text",
        None,
        {"编号": ["a"], "姓名": "测试甲", "性别": "男"},
        {"编号": "s1", "姓名": {"x": 1}, "性别": "男"},
        {"编号": "s2", "姓名": "测试甲", "性别": 1},
        {"编号": 12345678901234567890, "姓名": "测试甲"},
    ]
    service.records = strange + people(150)
    service.bodies[1] = service.body(1).replace(b'"s1"', b'"s\\ud800"')
    service.bodies[1] = service.bodies[1].replace(b'{"x": 1}', b'"x"')
    outcome = run(rig)
    page = rig.catalog.quarantine(rig.actor, str(outcome.version), rule="record-shape")
    rows = {(row.row, row.column) for row in page.rows}  # type: ignore[union-attr]
    assert rows == {(1, ""), (2, ""), (3, "code"), (4, "code")}
    codes = [record.values["code"] for record in rig.catalog.scan("roll")][:2]
    assert codes == ["s2", "12345678901234567890"]
    assert outcome.counts.reconciled


def test_a_column_that_no_record_has_and_a_service_without_records_are_told(
    rig: Rig, service: Service
) -> None:
    service.records = [{"编号": "c1", "姓名": "测试甲"}]
    with pytest.raises(TongbanError, match="columns-missing"):
        rig.ingest.run(rig.actor, "roll-source")
    service.records = []
    with pytest.raises(TongbanError, match="delivery-empty"):
        rig.ingest.run(rig.actor, "roll-source")


@pytest.mark.parametrize("total_at", ["total", ""])
def test_cursors_are_followed_to_their_end(rig: Rig, service: Service, total_at: str) -> None:
    service.cursors = True
    rig = told(rig, paging="cursor", next_at="next", total_at=total_at, page_at="")
    assert brought(rig) == 90
    assert service.asked == [1, 2, 3, 4, 5, 1]
    service.bodies[3] = service.body(3).replace(b'"c4"', b'"c2"')
    with pytest.raises(TongbanError, match="answer-endless"):
        rig.ingest.run(rig.actor, "roll-source")
    service.bodies[3] = service.body(3).replace(b'"c2"', b"[1]")
    with pytest.raises(TongbanError, match="answer-malformed"):
        rig.ingest.run(rig.actor, "roll-source")


def test_cursors_that_end_before_the_total_are_told(rig: Rig, service: Service) -> None:
    service.cursors = True
    service.bodies[3] = service.body(3).replace(b'"c4"', b"null")
    fault = fails(told(rig, paging="cursor", next_at="next", page_at=""))
    assert (fault.code, fault.params["came"]) == ("answer-total", "60")


def child(home: str, address: str, number: int, before: bool) -> None:
    probe = KillProbe("catalog.page", number, before=before)
    rig = rig_at(Path(home), CLOCK, address, probe)
    rig.ingest.run(rig.actor, "roll-source")
    os._exit(0)


@pytest.mark.parametrize(("number", "before", "held"), [(1, True, 0), (3, True, 2), (5, False, 5)])
def test_a_run_that_was_killed_goes_on_and_asks_for_no_page_twice(
    tmp_path: Path, service: Service, number: int, before: bool, held: int
) -> None:
    spawned = multiprocessing.get_context("forkserver")
    spawned.set_forkserver_preload(["tests.catalog.rig", "polars", "pypinyin"])
    arguments = (str(tmp_path), service.address, number, before)
    process = spawned.Process(target=child, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    rig = rig_at(tmp_path, CLOCK, service.address, NoProbe())
    service.asked = []
    assert brought(rig) == 90
    assert service.asked == [*range(held + 1, 6), 1]


@pytest.mark.parametrize("change", ["late", "question", "half"])
def test_pages_of_a_broken_run_count_only_for_the_same_delivery(
    rig: Rig, service: Service, clock: FixedClock, change: str
) -> None:
    service.faults, service.lasting = {3: ["500"]}, True
    fails(rig)
    if change == "late":
        clock.advance(hours=2)
    elif change == "question":
        rig = told(rig, max_pages=99)
    else:
        page = rig.home / "work" / "roll-source" / "fetch" / "page-0002.json"
        page.write_bytes(page.read_bytes()[:40])
    service.faults, service.asked = {}, []
    assert brought(rig) == 90
    assert service.asked == ([2, 3, 4, 5, 1] if change == "half" else [1, 2, 3, 4, 5, 1])


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("", "fetch.address_file is required"),
        ('address_file = "/a"\npaging = "scroll"', "fetch.paging must be page or cursor"),
        ('address_file = "/a"\npaging = "page"', "fetch.total_at is required"),
        ('address_file = "/a"\npaging = "cursor"', "fetch.next_at is required"),
        ('address_file = "/a"\npaging = "page"\nfirst_page = 2', "first_page must be 0 or 1"),
        ('address_file = "/a"\npaging = "page"\nmax_pages = 0', "from 1 to 9999"),
        ('address_file = "/a"\npaging = "page"\ntoken_header = "a b"', "the name of a header"),
        ('address_file = "/a"\npaging = "page"\ntoken = "x"', "unknown entry fetch.token"),
        ('address_file = "/a"\npaging = "page"\ntoken_file = "../x"', "fetch.token_file must be"),
    ],
)
def test_a_faulty_table_of_instructions_is_told(table: str, problem: str) -> None:
    text = SOURCE.format(connector="rest")
    with pytest.raises(TongbanError) as caught:
        sources.parse(
            "roll-source", text.replace("[columns]", f"[fetch]\n{table}\n[columns]").encode()
        )
    assert problem in caught.value.params["problems"]


def test_pages_may_count_from_nought_and_lie_deeper_in_the_answer(
    rig: Rig, service: Service
) -> None:
    body = {"data": {"list": people(3), "count": "3"}, "page": 0}
    service.bodies[0] = json.dumps(body).encode()
    rig = told(rig, first_page=0, records_at="data.list", total_at="data.count")
    assert run(rig).counts.published == 3
    assert service.asked == [0]
