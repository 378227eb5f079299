"""Software that is not ours accepts every kind of file that we make, and refuses what is changed."""

from __future__ import annotations

import re
import zipfile

import pytest
from pypdfium2 import PdfDocument

from signing.checks.case import Trust
from signing.policies import load
from signing.verify import inspect, judge
from tests.judges.city import Sample
from tests.judges.trial import CHANGES, JUDGES, STRANGER, Opinion, Question, Trial

pytestmark = pytest.mark.judges

EXACT = {
    "ofdrw": {("ses-v4",)},
    "EU DSS": {("PAdES-BASELINE-B DocMDP NO_CHANGE_PERMITTED",)},
    "Bouncy Castle": {("1.2.840.10045.4.3.2",), ("1.2.156.10197.1.501",)},
}
"""What these judges must say they found; an acceptance of something else would be worth nothing."""
CONTENT, SIGNATURE, LATER = CHANGES
TELLS = {
    ("ofdrw", CONTENT): "FileIntegrityException",
    ("ofdrw", SIGNATURE): "InvalidSignedValueException",
    ("EU DSS", CONTENT): "HASH_FAILURE",
    ("EU DSS", SIGNATURE): "SIG_CRYPTO_FAILURE",
    ("EU DSS", LATER): "not in order: later objects",
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
    (known,) = (judge.knows for judge in JUDGES if judge.name == name)
    opinions = heard(trial, name)
    asked = {sample.kind for sample in trial.samples if (sample.format, sample.algorithm) in known}
    assert {question.kind for question in opinions} == asked
    assert {q.kind: o.reason for q, o in opinions.items() if not o.accepted} == {}
    found = {o.structures for o in opinions.values()}
    assert found == EXACT.get(name, {()})


@pytest.mark.parametrize(("name", "control"), TELLS)
def test_what_is_changed_or_foreign_is_refused(trial: Trial, name: str, control: str) -> None:
    for question, opinion in heard(trial, name, control).items():
        assert not opinion.accepted, question
        assert re.search(TELLS[name, control], opinion.reason), (question, opinion)


def test_the_samples_are_of_every_kind_and_our_own_verifier_passes_them(trial: Trial) -> None:
    assert len({sample.kind for sample in trial.samples}) == 13
    for sample in trial.samples:
        verdict = judge(inspect(sample.data), load("certificate"), trial.trust, trial.at)
        assert verdict.passed, (sample.kind, verdict.codes)
        assert len(verdict.signatures) == 1
        assert pages(sample) >= sample.pages


def test_our_verifier_refuses_what_the_judges_refuse(trial: Trial) -> None:
    for kind, control, data in trial.broken:
        verdict = judge(inspect(data), load("certificate"), trial.trust, trial.at)
        assert not verdict.passed, (kind, control)
    nobody = Trust()
    for sample in trial.samples:
        assert not judge(inspect(sample.data), load("certificate"), nobody, trial.at).passed
