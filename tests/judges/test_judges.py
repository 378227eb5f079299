"""Software that is not ours accepts every kind of file that we make, and refuses what is changed."""

from __future__ import annotations

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
    "ofdrw": ("ses-v4",),
    "EU DSS": ("PAdES-BASELINE-B DocMDP NO_CHANGE_PERMITTED",),
}
"""What these judges must say they found; an acceptance of something else would be worth nothing."""
CONTENT, SIGNATURE, LATER = CHANGES
TELLS = {
    "ofdrw": (CONTENT, SIGNATURE),
    "EU DSS": (CONTENT, SIGNATURE, LATER, STRANGER),
    "pyHanko": (CONTENT, SIGNATURE, LATER, STRANGER),
    "openssl": (CONTENT, SIGNATURE, LATER, STRANGER),
}
"""What each judge looks at. The others judge syntax and drawing, which no such change touches."""


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
    (formats,) = (judge.formats for judge in JUDGES if judge.name == name)
    opinions = heard(trial, name)
    asked = {sample.kind for sample in trial.samples if sample.format in formats}
    assert {question.kind for question in opinions} == asked
    assert {q.kind: o.reason for q, o in opinions.items() if not o.accepted} == {}
    assert {o.structures for o in opinions.values()} == {EXACT.get(name, ())}


@pytest.mark.parametrize(
    ("name", "control"), [(name, control) for name, told in TELLS.items() for control in told]
)
def test_what_is_changed_or_foreign_is_refused(trial: Trial, name: str, control: str) -> None:
    opinions = heard(trial, name, control)
    assert [question.kind for question, opinion in opinions.items() if opinion.accepted] == []


def test_the_samples_are_of_every_kind_and_our_own_verifier_passes_them(trial: Trial) -> None:
    assert len({sample.kind for sample in trial.samples}) == 12
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
