from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from certificates.issue import Issuer
from certificates.register_model import Certificate
from certificates.requests_model import CertificateAnswer
from certificates.store import METADATA
from kernel.clock import FixedClock
from kernel.errors import Refused
from storage.database import Database, open_database
from storage.probe import NoProbe
from tests.certificates.doubles import make_bench, many_marriages
from tests.certificates.test_requests import ASK, CLERK, OFFICE, Room

pytestmark = pytest.mark.services


@pytest.fixture
def database(postgres_url: str, clock: FixedClock) -> Iterator[Database]:
    database = open_database(postgres_url, clock, NoProbe())
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.create(METADATA)
    yield database
    database.close()


def together(count: int, work: Any) -> list[object]:
    results: list[object] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        results.append(work(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_grant_serves_one_of_many_racers(
    database: Database, objects: Any, vault: Any, clock: FixedClock, tmp_path: Path
) -> None:
    room = Room(make_bench(database.transactions, objects, vault, clock, tmp_path), database)
    ask = replace(ASK, grant=room.granted().id)

    def use(number: int) -> object:
        return room.requests.fetch(CLERK, replace(ask, idempotency_key=f"race-{number}")).value

    answers = together(16, use)
    assert sum(isinstance(item, CertificateAnswer) for item in answers) == 1
    assert answers.count(Refused("consent-used")) == 15


def test_one_number_goes_to_one_of_many_issuers(
    database: Database, objects: Any, vault: Any, clock: FixedClock, tmp_path: Path
) -> None:
    rows = many_marriages(8)
    bench = make_bench(database.transactions, objects, vault, clock, tmp_path, rows)
    same = bench.with_tools(serials=lambda: "SAME0000000000000001")

    def race(number: int) -> object:
        key = rows["marriage"][number]["certificate_no"]
        return Issuer(same.tools).issue(OFFICE, "marriage", key).value

    answers = together(8, race)
    assert sum(isinstance(item, Certificate) for item in answers) == 1
    assert answers.count(Refused("number-taken")) == 7
