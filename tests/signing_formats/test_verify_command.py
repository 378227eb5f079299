"""``tongban verify`` as a script sees it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from hub import verify
from hub.verify import Options, run
from signing.x509 import to_pem

from .conftest import AT, Region


@pytest.fixture
def folder(tmp_path: Path, sealed: bytes, unsealed: bytes) -> Path:
    (tmp_path / "good.ofd").write_bytes(sealed)
    (tmp_path / "plain.ofd").write_bytes(unsealed)
    (tmp_path / "bad.ofd").write_bytes(sealed[:-3])
    return tmp_path


@pytest.fixture
def pem(tmp_path_factory: pytest.TempPathFactory, sm2: Region) -> Path:
    path = tmp_path_factory.mktemp("trust") / "anchors.pem"
    path.write_bytes(to_pem(sm2.root.cert) + to_pem(sm2.ca.cert) + to_pem(sm2.maker.cert))
    return path


def call(names: list[Path], **options: object) -> tuple[int, list[dict[str, object]]]:
    out = io.StringIO()
    settings = Options(as_json=True, at="2026-03-02T02:00:00Z", **options)  # type: ignore[arg-type] # named in the tests
    code = run([str(name) for name in names], settings, out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_good_file_passes_with_its_anchors(folder: Path, pem: Path) -> None:
    code, (found,) = call([folder / "good.ofd"], trust=(pem,))
    assert code == 0
    assert list(found)[:3] == ["schema", "file", "format"]
    assert found["indication"] == "TOTAL_PASSED"
    assert found["sub_indications"] == []
    assert found["signatures"]


def test_the_same_file_without_anchors_is_indeterminate(folder: Path, tmp_path: Path) -> None:
    code, (found,) = call([folder / "good.ofd"], home=tmp_path / "nowhere")
    assert code == 3
    assert found["sub_indications"] == ["NO_CERTIFICATE_CHAIN_FOUND"]


def test_a_damaged_file_fails_and_an_unsealed_one_has_no_indication(folder: Path) -> None:
    code, (found,) = call([folder / "bad.ofd"])
    assert (code, found["indication"]) == (1, "TOTAL_FAILED")
    code, (found,) = call([folder / "plain.ofd"])
    assert (code, found["indication"], found["codes"]) == (1, None, ["E_NO_SIGNATURE"])


def test_a_folder_gives_one_object_per_file_and_the_worst_exit_code(
    folder: Path, pem: Path
) -> None:
    code, found = call([folder], trust=(pem,))
    assert code == 1
    assert [Path(str(item["file"])).name for item in found] == ["bad.ofd", "good.ofd", "plain.ofd"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch, sealed: bytes, pem: Path) -> None:
    class Stdin:
        buffer = io.BytesIO(sealed)

    monkeypatch.setattr(verify.sys, "stdin", Stdin())
    code, (found,) = call([Path("-")], trust=(pem,))
    assert (code, found["file"]) == (0, "-")


@pytest.mark.parametrize(
    "options",
    [{"policy": "none"}, {"at": "yesterday"}, {"at": "2026-03-02T02:00:00"}],
)
def test_usage_errors_have_exit_code_two(folder: Path, options: dict[str, str]) -> None:
    settings = Options(as_json=True, **options)  # type: ignore[arg-type] # named in the tests
    assert run([str(folder / "good.ofd")], settings, io.StringIO()) == 2


def test_a_file_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    assert run([str(tmp_path / "none.ofd")], Options(), io.StringIO()) == 2


def test_a_trust_file_that_is_no_certificate_is_a_usage_error(folder: Path, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_bytes(b"junk")
    settings = Options(trust=(junk,))
    assert run([str(folder / "good.ofd")], settings, io.StringIO()) == 2


def test_people_get_sentences_in_both_languages(folder: Path, pem: Path) -> None:
    out = io.StringIO()
    run([str(folder)], Options(trust=(pem,), at="2026-03-02"), out)
    text = out.getvalue()
    assert "示例市测试局" in text
    assert "文件结构异常" in text
    assert "The file bears no seal or signature" in text


def test_the_same_question_gets_the_same_bytes(folder: Path, pem: Path) -> None:
    assert AT
    answers = []
    for _ in range(2):
        out = io.StringIO()
        run([str(folder)], Options(as_json=True, trust=(pem,), at="2026-03-02T02:00:00Z"), out)
        answers.append(out.getvalue())
    assert answers[0] == answers[1]
