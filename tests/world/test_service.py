"""The births' service: pages to whoever has the token, one failure, an end with its input."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx2
import pytest

from examples.world import generate
from examples.world.departments import births
from examples.world.secretfiles import token_of
from examples.world.service import PLACE, Pages, failing_page, main, serving

DAY = date(2026, 3, 2)
TOKEN = "a-token-for-tests"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("births")
    generate(out, 4000, as_of=DAY, further=("births",))
    return out / births.SOURCE


@pytest.fixture
def client(folder: Path) -> Iterator[httpx2.Client]:
    pages = Pages(folder, TOKEN, failing_page(folder))
    with serving(pages) as address, httpx2.Client(trust_env=False, timeout=5) as one:
        one.base_url = address.removesuffix(PLACE)
        one.headers["Authorization"] = f"Bearer {TOKEN}"
        yield one


def test_every_page_is_served_as_the_files_have_it_and_one_fails_once(
    client: httpx2.Client, folder: Path
) -> None:
    count = len(list(folder.iterdir()))
    assert count > 1
    failed, records = [], 0
    for number in range(1, count + 1):
        answer = client.get(PLACE, params={"page": number})
        if answer.status_code == 503:
            failed.append(number)
            assert answer.headers["Retry-After"] == "0"
            answer = client.get(PLACE, params={"page": number})
        assert answer.content == (folder / f"page-{number:04d}.json").read_bytes()
        assert answer.headers["Content-Type"].startswith("application/json")
        body = answer.json()
        assert (body["page"], body["pages"]) == (number, count)
        records += len(body["records"])
    assert failed == [failing_page(folder)]
    assert records == body["total"]


def test_the_first_page_comes_without_a_number_and_files_have_their_names(
    client: httpx2.Client,
) -> None:
    first = client.get(PLACE).json()
    assert first["page"] == 1
    assert client.get("/page-0001.json").json() == first


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic YTpi", f"bearer{TOKEN}"])
def test_without_the_token_nothing_is_served(client: httpx2.Client, header: str) -> None:
    answer = client.get(PLACE, params={"page": 1}, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "records" not in answer.json()


@pytest.mark.parametrize(
    "target",
    [
        *("?page=0", "?page=99", "?page=-1", "?page=1e1", "?page=１", "?page=1&page=2"),
        *("?page=10000", "/../../truth.json", "/", "/page-0001.json/", "/%2e%2e/truth.json"),
    ],
)
def test_what_is_no_page_is_not_found(client: httpx2.Client, target: str) -> None:
    answer = client.get(target if target.startswith("/") else PLACE + target)
    assert answer.status_code == 404
    assert set(answer.json()) == {"status", "detail"}


def test_the_command_keeps_its_address_and_ends_with_its_input(
    folder: Path, tmp_path: Path
) -> None:
    token, port = tmp_path / "secrets" / "token", tmp_path / "run" / "address"
    words = ["-m", "examples.world.service", "--pages", str(folder)]
    words += ["--token-file", str(token), "--port-file", str(port), "--failing-page", "0"]
    with subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        assert child.stdin
        address = child.stdout.readline().strip()
        assert port.read_text() == f"{address}\n"
        assert [stat.S_IMODE(path.stat().st_mode) for path in (token, port)] == [0o600, 0o600]
        header = {"Authorization": f"Bearer {token.read_text().strip()}"}
        with httpx2.Client(trust_env=False, timeout=5) as client:
            for number in range(1, len(list(folder.iterdir())) + 1):
                answer = client.get(address, params={"page": number}, headers=header)
                assert answer.status_code == 200
        child.stdin.close()
        assert child.wait(10) == 0
    assert not port.exists()


def test_a_token_is_kept(tmp_path: Path) -> None:
    made = token_of(tmp_path / "token")
    assert len(made) > 40
    assert token_of(tmp_path / "token") == made


def test_a_folder_without_pages_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--token-file", str(tmp_path / "t"), "--port-file", str(tmp_path / "p")]
    assert main(["--pages", str(tmp_path), *files]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_second_edition_brings_corrections_of_what_was_announced(tmp_path: Path) -> None:
    found = []
    for edition in (1, 2):
        out = tmp_path / str(edition)
        generate(out, 2000, as_of=DAY, further=("births",), edition=edition)
        pages = [json.loads(p.read_text("utf-8")) for p in (out / births.SOURCE).glob("*.json")]
        rows = [row for page in pages for row in page["records"]]
        found.append({row["CSYXZMBH"]: row for row in rows})
    first, second = found
    changed = {key: row for key, row in first.items() if row != second[key]}
    assert len(changed) == 3
    for key, row in changed.items():
        assert row | {"CSTZ": ""} == second[key] | {"CSTZ": ""}
        assert int(second[key]["CSTZ"]) == int(row["CSTZ"]) + 5
