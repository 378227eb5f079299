"""What a person sees of a failure on the command line."""

from __future__ import annotations

import pytest

from hub.faults import told
from kernel.errors import TongbanError


def test_a_known_failure_is_told_with_its_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, told():
        raise TongbanError("web-port-taken", port=8600, host="127.0.0.1", reason="in use")
    said = capsys.readouterr().err
    assert ended.value.code == 4
    assert "web-port-taken" in said
    assert "下一步" in said


def test_an_unknown_failure_names_kind_and_place_but_no_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended, told():
        raise RuntimeError("410199199002196794")
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert "RuntimeError" in said
    assert "told:" in said
    assert "internal-error" in said
    assert "410199" not in said
    assert "Traceback" not in said


def test_the_end_asked_for_by_a_command_is_let_through() -> None:
    with pytest.raises(SystemExit) as ended, told():
        raise SystemExit(3)
    assert ended.value.code == 3
