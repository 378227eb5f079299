"""The house numbers and the furniture of the rooms, held by machine."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.errors import load_messages

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("storage", "identity", "quality", "catalog", "signing", "audit", "certificates", "intake")
CODE = (*ROOMS, "kernel", "hub", "dags", "examples", "bench")


def python_files(*folders: str) -> list[Path]:
    return [path for name in folders for path in sorted((ROOT / name).rglob("*.py"))]


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in python_files(*CODE, "tests")
        if (count := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert not long


def test_no_function_is_longer_than_60_lines() -> None:
    long = []
    for path in python_files(*CODE):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 60:
                    long.append(f"{path.relative_to(ROOT)}:{node.name} {lines}")
    assert not long


def test_the_kernel_stays_small() -> None:
    assert sum(len(path.read_text("utf-8").splitlines()) for path in python_files("kernel")) <= 600


def test_the_kernel_needs_only_the_standard_library() -> None:
    foreign = set()
    for path in python_files("kernel"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            foreign |= {
                name.split(".")[0]
                for name in names
                if name.split(".")[0] not in sys.stdlib_module_names | {"kernel"}
            }
    assert not foreign


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_the_same_furniture(room: str) -> None:
    for name in ("errors.py", "messages.toml"):
        assert (ROOT / room / name).is_file(), f"{room}/{name}"
    assert "ever " in (importlib.import_module(room).__doc__ or ""), "says what it never does"


@pytest.mark.parametrize("room", [*ROOMS, "hub"])
def test_every_code_has_a_message_with_a_next_step(room: str) -> None:
    codes = {str(code) for code in importlib.import_module(f"{room}.errors").Code}
    messages = load_messages(room)
    assert set(messages) == codes
    for message in messages.values():
        assert all((message.zh, message.en, message.next_zh, message.next_en)), message.code
        assert re.search(r"[一-鿿]", message.zh), message.code


def test_codes_belong_to_one_room_each() -> None:
    seen: dict[str, str] = {}
    for room in (*ROOMS, "hub"):
        for code in importlib.import_module(f"{room}.errors").Code:
            assert str(code) not in seen, f"{code}: {seen.get(str(code))} and {room}"
            seen[str(code)] = room


def test_every_refusal_and_failure_in_the_code_has_a_message() -> None:
    known = {"not-permitted"}
    for room in (*ROOMS, "hub"):
        known |= set(load_messages(room))
    used = set()
    for path in python_files(*ROOMS, "kernel", "hub"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            first = node.args[0]
            literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
            if node.func.id in {"TongbanError", "Refused"} and literal:
                used.add(first.value)
    assert used <= known


def test_nothing_is_left_to_do_in_the_code() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files(*CODE)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert not found


def test_an_exception_to_a_gate_gives_its_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files(*ROOMS, "kernel", "hub", "dags")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"#\s*(noqa|type: ignore)", line)
        and not re.search(
            r"(noqa: ?[A-Z0-9, ]+|type: ignore\[[\w, -]+\])\s*(#|[-–:])\s*\S+|"
            r"#\s*noqa:[^#]*\s+\S{3,}\s+\S+",
            line,
        )
    ]
    assert not bare


def test_locks_hold_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-uv.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text


def test_no_dag_file_bears_the_name_of_a_room() -> None:
    assert not {path.stem for path in (ROOT / "dags").glob("*.py")} & {*ROOMS, "kernel", "hub"}


def test_dag_files_are_thin() -> None:
    for path in python_files("dags"):
        assert len(path.read_text("utf-8").splitlines()) <= 80, path.name


HEAVY = ("airflow", "great_expectations", "pyhanko", "pandas", "polars", "sqlalchemy", "fastapi")


def test_the_command_line_starts_without_heavy_libraries() -> None:
    script = (
        "import sys; from hub.commands import build; build();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
