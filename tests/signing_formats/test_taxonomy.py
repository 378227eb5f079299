"""Every row of the list of failures has files that show it, and each is named as the list says.

The files are the exhibits of ``tests/taxonomy``, which ``make taxonomy`` writes into a folder.
"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest

from bench import corpus
from tests.taxonomy import packages
from tests.taxonomy.__main__ import ALL, main, write
from tests.taxonomy.exhibit import POLICIES, Exhibit, Policy

from .conftest import AT, Region, unsealed_files
from .craft import Recipe, craft


def named(row: int, name: str) -> Exhibit:
    (found,) = (item for item in ALL if item.format == "ofd" and item.file[3:-4] == name)
    assert found.row == row
    return found


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("exhibit", ALL, ids=lambda item: item.file)
def test_each_row_has_its_outcome_and_its_code(
    exhibit: Exhibit, policy: Policy, sm2: Region, p256: Region
) -> None:
    region = sm2 if exhibit.format == "ofd" else p256
    found = exhibit.judged(region, policy)
    assert exhibit.outcome(found, region) == exhibit.expected(policy), found.to_json()
    wanted = exhibit.code.split("|")
    assert exhibit.code == "" or set(wanted) & set(found.codes), found.codes


def test_every_row_of_the_list_is_shown_by_an_ofd() -> None:
    assert {item.row for item in ALL if item.format == "ofd"} == set(range(46))
    assert len({(item.format, item.file) for item in ALL}) == len(ALL)


def test_the_good_file_is_told_nothing_but_what_is_not_proven(sm2: Region) -> None:
    found = named(0, "good").judged(sm2)
    assert set(found.codes) == {"W_NO_TIMESTAMP", "INDETERMINATE_REVOCATION"}


def test_a_changed_file_is_named(sm2: Region) -> None:
    found = named(1, "content-changed").judged(sm2)
    assert any(item.path.endswith("Content.xml") for item in found.signatures[0].findings)


def test_one_bad_seal_among_several_is_told_apart(sm2: Region) -> None:
    first, second = named(32, "second-seal-wrong").judged(sm2).signatures
    assert "E_SIGNATURE" in second.codes
    assert "E_SIGNATURE" not in first.codes


def test_a_signer_revoked_later_lacks_a_proof_of_time(sm2: Region) -> None:
    found = named(18, "revoked-later-unproven").judged(sm2)
    assert [item.value for item in found.sub_indications] == ["REVOKED_NO_POE"]


def test_the_written_folder_is_judged_as_its_index_says(tmp_path: Path) -> None:
    assert write(tmp_path / "all") == len(ALL)
    results = corpus.run(tmp_path / "all", AT)
    assert len(results) == len(ALL) * len(POLICIES)
    assert [item for item in results if not item.agrees] == []
    assert not any(item.false_accept for item in results)
    index = (tmp_path / "all" / "ofd" / "index.tsv").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(index), delimiter="\t"))
    assert {int(row["row"]) for row in rows if row["anchors"]} == {13, 17, 18, 19}


def test_a_folder_in_use_is_not_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("x")
    for arguments in ([], [str(tmp_path)], [str(tmp_path / "mine")], ["a", "b"]):
        monkeypatch.setattr(sys, "argv", ["taxonomy", *arguments])
        assert main() == 2
        assert capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_corpus_believes_what_a_row_names(tmp_path: Path, sm2: Region) -> None:
    folder = tmp_path / "ofd"
    folder.mkdir()
    (folder / "a.ofd").write_bytes(craft(sm2, Recipe()))
    (folder / "root.der").write_bytes(sm2.root.cert)
    (folder / "ca.der").write_bytes(sm2.ca.cert)
    head = "file\tcertificate\tat\tanchors\tcas\n"

    def judged(row: str) -> tuple[str, bool]:
        (folder / "index.tsv").write_text(head + row, "utf-8")
        (found,) = corpus.run(tmp_path, AT)
        return found.got, found.agrees

    when = "2026-03-02T08:00:00+08:00"
    assert judged(f"a.ofd\taccept\t{when}\troot.der\tca.der\n") == ("reject", False)
    when = "2026-03-03T09:00:00+08:00"
    assert judged(f"a.ofd\taccept\t{when}\troot.der\tca.der\n") == ("accept", True)
    assert judged(f"a.ofd\treject\t{when}\troot.der\t\n") == ("indeterminate", True)
    assert judged("a.ofd\taccept\t\t\t\n") == ("accept", True)


def test_packages_are_broken_only_where_they_say() -> None:
    good = packages.zipped(unsealed_files())
    assert packages.disagreeing(10, packages.disagreeing(10, good)) == good
