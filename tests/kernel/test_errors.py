"""Messages: a half-written one does not load; parameters that are missing stay visible."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.errors import Message, Refused, TongbanError, load_messages

WHOLE = {"zh": "缺少 {what}", "en": "{what} is missing", "next": "补交", "next_en": "hand it in"}
Room = Callable[[str, str], str]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Return a maker of packages with one ``messages.toml``."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, text: str) -> str:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "messages.toml").write_text(text, "utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
        return name

    return make


@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_a_message_without_one_of_its_texts_does_not_load(room: Room, missing: str) -> None:
    lines = [f'{key} = "{text}"' for key, text in WHOLE.items() if key != missing]
    package = room(f"half_{missing}", "[gone]\n" + "\n".join(lines))
    with pytest.raises(KeyError, match=missing):
        load_messages(package)


def test_a_file_that_is_no_toml_or_is_not_there_does_not_load(room: Room) -> None:
    with pytest.raises(ValueError, match="end of a table"):
        load_messages(room("broken", "[gone"))
    with pytest.raises(FileNotFoundError):
        load_messages("kernel")


def test_status_is_400_unless_said_otherwise_and_a_room_is_read_once(room: Room) -> None:
    body = "\n".join(f'{key} = "{text}"' for key, text in WHOLE.items())
    package = room("whole", f"[first]\n{body}\n[second]\nstatus = 410\n{body}")
    found = load_messages(package)
    assert [(code, row.code, row.status) for code, row in found.items()] == [
        ("first", "first", 400),
        ("second", "second", 410),
    ]
    assert load_messages(package) is found


MESSAGE = Message("gone", 404, "缺少 {what}", "{what} is missing", "补交 {what}", "hand in {what}")


@pytest.mark.parametrize(
    ("params", "shown"),
    [({"what": "户口簿"}, "户口簿"), ({}, "{what}"), ({"other": "x"}, "{what}")],
)
def test_texts_are_filled_and_unknown_parts_stay(params: dict[str, str], shown: str) -> None:
    assert MESSAGE.text(params) == f"缺少 {shown}"
    assert MESSAGE.text(params, english=True) == f"{shown} is missing"
    assert MESSAGE.next_step(params) == f"补交 {shown}"
    assert MESSAGE.next_step(params, english=True) == f"hand in {shown}"


def test_braces_in_a_parameter_are_not_filled_again() -> None:
    assert MESSAGE.text({"what": "{what}{0}"}) == "缺少 {what}{0}"


def test_a_failure_tells_its_code_and_keeps_parameters_as_text() -> None:
    assert str(TongbanError("disk-full")) == "disk-full"
    failure = TongbanError("disk-full", free=0, path=Path("x"))
    assert failure.params == {"free": "0", "path": "x"}
    assert str(failure) == "disk-full {'free': '0', 'path': 'x'}"


def test_refusals_with_equal_code_and_parameters_are_equal() -> None:
    assert Refused("gone", {"a": "b"}) == Refused("gone", {"a": "b"}) != Refused("gone")
