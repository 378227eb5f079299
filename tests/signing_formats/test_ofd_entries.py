"""The signed list of files of GM/T 0099: completeness is shown, and no file becomes a sealed one."""

from __future__ import annotations

from pathlib import Path

import pytest

from signing import x509
from signing.algorithms.sm2_sm3 import sm3
from signing.formats.ofd import package
from signing.model import Indication, Verdict
from signing.policies import load
from signing.ses.signed_data import Form, build, to_be_signed
from signing.verify import inspect, judge

from .conftest import AT, NS, Party, Region, issue, unsealed_files
from .craft import Recipe
from .craft import entries as sealed_files

FAILED = Indication.TOTAL_FAILED
LIST, VALUE = "OFDEntries.xml", "signedvalue.dat"
FORMS = pytest.mark.parametrize("form", list(Form))


def listed(files: dict[str, bytes], region: Region, form: Form = Form.ATTACHED) -> dict[str, bytes]:
    """Add the list and its signature to the files of a package."""
    names = "".join(f'<ofd:File ID="{at}" FileLoc="/{path}"/>' for at, path in enumerate(files, 2))
    listing = (
        f'<ofd:DocEntries {NS} ID="1"><ofd:SignedValueLoc>/{VALUE}</ofd:SignedValueLoc>'
        f"<ofd:FileList>{names}</ofd:FileList></ofd:DocEntries>"
    ).encode()
    signed = to_be_signed(form, sm3(listing), AT)
    value = build(form, signed, (region.signer.cert,), region.signer.sign_message(signed))
    return files | {LIST: listing, VALUE: value}


def verdict(files: dict[str, bytes], region: Region, policy: str = "certificate") -> Verdict:
    data = package.write(list(files.items()))
    return judge(inspect(data), load(policy), region.trust, AT)


@FORMS
def test_a_sound_list_is_read_and_the_file_stays_unsealed(form: Form, sm2: Region) -> None:
    found = verdict(listed(dict(unsealed_files()), sm2, form), sm2)
    assert found.indication is None
    assert [row.kind for row in found.signatures] == ["integrity"]
    assert found.signatures[0].indication is Indication.TOTAL_PASSED, found.to_json()
    assert found.signatures[0].structure == "gbt35275"
    assert "only the list of files is signed" in {item.detail for item in found.findings}


def test_a_file_added_after_the_list_is_found(sm2: Region) -> None:
    files = listed(dict(unsealed_files()), sm2) | {"Doc_0/Res/extra.png": b"x"}
    found = verdict(files, sm2)
    assert found.indication is FAILED
    assert "E_UNCOVERED_FILE" in found.codes
    assert verdict(files, sm2, "archive").indication is None


def test_a_file_taken_away_is_found(sm2: Region) -> None:
    files = listed(dict(unsealed_files()), sm2)
    del files["Doc_0/Res/font_0.ttf"]
    found = verdict(files, sm2)
    assert found.indication is FAILED
    assert "E_MISSING_PART" in found.codes


@FORMS
def test_a_changed_list_is_found(form: Form, sm2: Region) -> None:
    files = listed(dict(unsealed_files()), sm2, form)
    files[LIST] = files[LIST].replace(b'ID="1"', b'ID="9"')
    found = verdict(files, sm2, "archive")
    assert found.indication is FAILED
    assert "E_DATAHASH_MISMATCH" in found.codes


def test_a_wrong_signature_value_is_found(sm2: Region) -> None:
    files = listed(dict(unsealed_files()), sm2)
    signed = to_be_signed(Form.ATTACHED, sm3(files[LIST]), AT)
    files[VALUE] = build(
        Form.ATTACHED, signed, (sm2.signer.cert,), sm2.signer.sign_message(b"other")
    )
    found = verdict(files, sm2)
    assert found.indication is FAILED
    assert "E_SIGNATURE" in found.codes


@pytest.mark.parametrize("value", [b"", b"\x30\x00", b"no DER at all", b"\x30\x03\x02\x01\x01"])
def test_rubbish_as_the_value_is_no_list(value: bytes, sm2: Region) -> None:
    assert verdict(listed(dict(unsealed_files()), sm2) | {VALUE: value}, sm2).indication is FAILED


@pytest.mark.parametrize(
    "listing",
    [
        b"<broken",
        b"<DocEntries/>",
        b"<Other/>",
        b"<DocEntries><SignedValueLoc>../../x</SignedValueLoc></DocEntries>",
        b"<DocEntries><SignedValueLoc>/OFDEntries.xml</SignedValueLoc></DocEntries>",
        b"<DocEntries><SignedValueLoc>/absent.dat</SignedValueLoc></DocEntries>",
    ],
)
def test_a_malformed_list_is_refused(listing: bytes, sm2: Region) -> None:
    files = listed(dict(unsealed_files()), sm2) | {LIST: listing}
    assert verdict(files, sm2).indication is FAILED


def test_a_seal_under_a_sound_list_passes(sm2: Region) -> None:
    found = verdict(listed(sealed_files(sm2, Recipe()), sm2), sm2)
    assert found.passed, found.to_json()
    assert [row.kind for row in found.signatures] == ["seal", "integrity"]


def test_the_signer_of_a_list_over_a_seal_counts(sm2: Region) -> None:
    stranger = Region("sm2_sm3", sm2.root, sm2.ca, sm2.maker, issue_stranger())
    found = verdict(listed(sealed_files(sm2, Recipe()), stranger), sm2)
    assert found.indication is Indication.INDETERMINATE
    assert found.signatures[0].indication is Indication.TOTAL_PASSED


def issue_stranger() -> Party:
    return issue("陌生机构 DEMO", "sm2_sm3", x509.SIGNER)


def test_a_broken_list_excuses_nothing(sm2: Region) -> None:
    files = listed(sealed_files(sm2, Recipe()), sm2)
    files[LIST] += b" "
    found = verdict(files, sm2)
    assert found.indication is FAILED
    assert "E_UNCOVERED_FILE" in found.signatures[0].codes


def test_a_list_names_files_and_does_not_stand_for_their_digests(sm2: Region) -> None:
    files = listed(sealed_files(sm2, Recipe()), sm2)
    files["Doc_0/Pages/Page_0/Content.xml"] += b" "
    assert "E_DIGEST_MISMATCH" in verdict(files, sm2).codes
    late = {"Doc_0/Res/late.bin": b"x"}
    found = verdict(listed(sealed_files(sm2, Recipe(late=tuple(late.items()))), sm2), sm2)
    assert "E_UNCOVERED_FILE" in found.signatures[0].codes


def test_a_list_made_by_other_software_is_read(corpus: Path) -> None:
    data = (corpus / "ofd/unsigned/ofdrw-crypto-hello-integrity.ofd").read_bytes()
    (row,) = inspect(data).signatures
    assert (row.kind, row.signature_valid, row.content_valid) == ("integrity", True, True)
    assert not row.uncovered
