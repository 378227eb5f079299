"""Files made by other software get the verdicts that people found by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.corpus import run
from kernel.errors import TongbanError
from signing.formats.ofd.value import read_seal
from signing.formats.pool import Notes, Pool
from signing.ses.parse import parse_seal, parse_signature

AT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def ofd_only(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "ofd").symlink_to(corpus / "ofd")
    return folder


def test_every_ofd_of_the_corpus_is_judged_as_expected(ofd_only: Path) -> None:
    results = run(ofd_only, AT)
    assert len(results) > 50
    assert not [item for item in results if not item.agrees]


def test_pdf_of_the_corpus_agree_and_none_is_falsely_accepted(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "pdf").symlink_to(corpus / "pdf")
    results = run(tmp_path, AT)
    assert not [item for item in results if item.false_accept]
    assert sum(item.agrees for item in results) >= 0.95 * len(results)


def test_seals_of_all_three_generations_verify(corpus: Path) -> None:
    for name, version in (("UserV1.esl", 1), ("UserV4.esl", 4), ("UserV5.esl", 5)):
        seal = parse_seal((corpus / "ofd/blobs" / f"ofdrw-{name}").read_bytes())
        assert seal.version == version
        assert read_seal(seal, Pool(), Notes(), "").signature_valid


def test_a_seal_with_a_wrong_maker_signature_is_found(corpus: Path) -> None:
    seal = parse_seal((corpus / "ofd/blobs/ofdrw-SESealData.DER").read_bytes())
    assert read_seal(seal, Pool(), Notes(), "").signature_valid is False


def test_a_seal_with_three_dummy_bytes_as_timestamp_is_noted(corpus: Path) -> None:
    notes = Notes()
    seal = parse_seal((corpus / "ofd/blobs/ofdrw-UserV5_ts.esl").read_bytes())
    read_seal(seal, Pool(), notes, "")
    assert "E_TIMESTAMP" in {item.code for item in notes.items}


def test_signatures_of_both_new_generations_are_read(corpus: Path) -> None:
    for name, version in (("SignedValueV4.dat", 4), ("SignedValueV5.dat", 5)):
        data = (corpus / "ofd/blobs" / f"ofdrw-{name}").read_bytes()
        assert parse_signature(data).version == version


def test_the_expected_codes_are_codes_we_have(ofd_only: Path) -> None:
    from signing.policies import code_texts, load

    known = set(code_texts())
    for policy in ("certificate", "archive"):
        assert set(load(policy).severities) == known
    with pytest.raises(TongbanError, match="policy-unknown"):
        load("none")
