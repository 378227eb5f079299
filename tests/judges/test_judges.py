"""Software that is not ours accepts every kind of file that we make, and refuses what is changed."""

from __future__ import annotations

import re
import zipfile

import pytest
from pypdfium2 import PdfDocument

from signing.algorithms import by_name
from signing.checks.case import Trust
from signing.policies import load
from signing.verify import inspect, judge
from tests.judges.city import Sample
from tests.judges.trial import CHANGES, JUDGES, STRANGER, Opinion, Question, Trial

pytestmark = pytest.mark.judges

STAMPS = {"B-B": 0, "B-T": 1, "B-LTA": 2}


def structures(judge: str, sample: Sample) -> tuple[str, ...]:
    """What a judge must say it found; an acceptance of something else would be worth nothing."""
    if judge == "ofdrw":  # this one names every seal of the newer form as of the form before
        return tuple(name.replace("v5", "v4") for name in sample.form.split(", "))
    if judge == "EU DSS":
        level = sample.form.removeprefix("B-")
        return (f"PAdES-BASELINE-{level} DocMDP NO_CHANGE_PERMITTED",)
    if judge == "Bouncy Castle":
        oid = by_name(sample.algorithm).oid
        return (oid, *["time stamp"] * STAMPS[sample.form])
    return ()


CONTENT, SIGNATURE, LATER = CHANGES
TELLS = {
    ("ofdrw", CONTENT): "FileIntegrityException",
    ("ofdrw", SIGNATURE): "InvalidSignedValueException",
    ("EU DSS", CONTENT): "HASH_FAILURE",
    ("EU DSS", SIGNATURE): "SIG_CRYPTO_FAILURE",
    ("EU DSS", LATER): "not in order: undefined changes",
    ("EU DSS", STRANGER): "NO_CERTIFICATE_CHAIN_FOUND",
    ("Bouncy Castle", CONTENT): "message-digest attribute value does not match",
    ("Bouncy Castle", SIGNATURE): "the signature value is wrong",
    ("Bouncy Castle", LATER): "the signature does not cover the whole file",
    ("Bouncy Castle", STRANGER): "no chain to an anchor",
    ("pyHanko", CONTENT): "INVALID",
    ("pyHanko", SIGNATURE): "INVALID",
    ("pyHanko", LATER): "ILLEGAL_MODIFICATIONS",
    ("pyHanko", STRANGER): "UNTRUSTED",
    ("openssl", CONTENT): "digest of|content verify error",
    ("openssl", SIGNATURE): "(?i)verification failure",
    ("openssl", LATER): "ByteRange does not reach the end",
    ("openssl", STRANGER): "chain|certificate verify error",
}
"""What each judge looks at, and the reason that it must give (a pattern): a refusal for another
reason would show nothing. The others judge syntax and drawing, which no such change touches."""


def pages(sample: Sample) -> int:
    if sample.format == "pdf":
        return len(PdfDocument(sample.data))
    with zipfile.ZipFile(sample.path) as package:
        return sum(
            "/Pages/" in name and name.endswith("Content.xml") for name in package.namelist()
        )


def heard(trial: Trial, name: str, control: str = "") -> dict[Question, Opinion]:
    """The judge's opinions, or a skip that names it."""
    if name in trial.missing:
        pytest.skip(f"{name}: {trial.missing[name]}")
    found = {
        question: opinion
        for question, opinion in trial.opinions.items()
        if (question.judge, question.control) == (name, control)
    }
    assert found, "nothing was judged"
    return found


@pytest.mark.parametrize("name", [judge.name for judge in JUDGES])
def test_every_file_of_ours_is_accepted(trial: Trial, name: str) -> None:
    (found,) = (judge for judge in JUDGES if judge.name == name)
    opinions = heard(trial, name)
    asked = {
        item.kind: structures(name, item) for item in trial.samples if found.knows(item.known_by)
    }
    assert {q.kind: o.reason for q, o in opinions.items() if not o.accepted} == {}
    assert {question.kind: item.structures for question, item in opinions.items()} == asked


def test_each_kind_is_judged_by_others_than_us(trial: Trial) -> None:
    for sample in trial.samples:
        named = {judge.name for judge in JUDGES if judge.knows(sample.known_by)}
        assert named - {"qpdf", "pdfium"} or sample.form == "B-LT", sample.kind


@pytest.mark.parametrize(("name", "control"), TELLS)
def test_what_is_changed_or_foreign_is_refused(trial: Trial, name: str, control: str) -> None:
    for question, opinion in heard(trial, name, control).items():
        assert not opinion.accepted, question
        assert re.search(TELLS[name, control], opinion.reason), (question, opinion)


def test_the_samples_are_of_every_kind_and_our_own_verifier_passes_them(trial: Trial) -> None:
    assert len({sample.kind for sample in trial.samples}) == len(trial.samples) == 50
    for sample in trial.samples:
        evidence = inspect(sample.data)
        strict = judge(evidence, load("certificate"), trial.trust, trial.at)
        assert strict.passed is sample.closed, (sample.kind, strict.codes)
        verdict = judge(evidence, load("archive"), trial.trust, trial.at)
        assert verdict.passed, (sample.kind, verdict.codes)
        seals = [item for item in verdict.signatures if item.kind != "timestamp"]
        if sample.format == "pdf":
            assert [item.level for item in seals] == [sample.form]
        else:
            assert [item.structure for item in seals] == sample.form.split(", ")
        assert pages(sample) >= sample.pages


def test_our_verifier_refuses_what_the_judges_refuse(trial: Trial) -> None:
    for kind, control, data in trial.broken:
        verdict = judge(inspect(data), load("certificate"), trial.trust, trial.at)
        assert not verdict.passed, (kind, control)
    nobody = Trust()
    for sample in trial.samples:
        assert not judge(inspect(sample.data), load("certificate"), nobody, trial.at).passed
