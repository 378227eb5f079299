"""Reports say what the verdict says, keep to the published schema, and do not run or load."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from signing.formats.ofd import package
from signing.model import Evidence, Indication, Severity, SubIndication, Verdict
from signing.policies import Policy, code_texts
from signing.policies import load as load_policy
from signing.reports import ReportKind, report, to_html, to_json
from signing.reports.model import BLOCKS
from signing.verify import inspect, judge

from .conftest import AT, Region

SCHEMA = Path(__file__).parents[2] / "docs" / "formats" / "report.schema.json"
KINDS = tuple(ReportKind)


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    raw = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(raw)
    return Draft202012Validator(raw)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy("certificate")


def changed(data: bytes) -> bytes:
    """Return the package with another name on its page, sound in every other way."""
    old, new = "测试人员".encode(), "测试人贠".encode()
    files = package.read(data).files
    return package.write([(path, body.replace(old, new)) for path, body in files.items()])


@pytest.fixture(scope="module")
def judged(
    sealed: bytes, unsealed: bytes, sm2: Region, policy: Policy
) -> dict[str, tuple[Verdict, Evidence]]:
    """Real verdicts: passed, changed, cut, unsealed, neither, and without anybody to trust."""
    files = {
        "good": sealed,
        "changed": changed(sealed),
        "cut": sealed[:-3],
        "plain": unsealed,
        "rubbish": b"rubbish",
    }
    found = {}
    for name, data in files.items():
        evidence = inspect(data, f"{name}.ofd")
        found[name] = (judge(evidence, policy, sm2.trust, AT), evidence)
    evidence = found["good"][1]
    found["stranger"] = (judge(evidence, policy, replace(sm2.trust, anchors=()), AT), evidence)
    return found


CASES = ("good", "changed", "cut", "plain", "rubbish", "stranger")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_every_report_of_a_real_verdict_keeps_to_the_published_schema(
    kind: ReportKind,
    case: str,
    judged: dict[str, tuple[Verdict, Evidence]],
    policy: Policy,
    schema: Draft202012Validator,
) -> None:
    verdict, evidence = judged[case]
    found = json.loads(to_json(report(kind, verdict, evidence, policy)))
    assert list(schema.iter_errors(found)) == []
    assert found["result"]["indication"] == verdict.to_json()["indication"]
    assert found["file"]["sha256"] == evidence.sha256


@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_refuses_a_report_with_a_member_more_or_less(
    kind: ReportKind,
    judged: dict[str, tuple[Verdict, Evidence]],
    policy: Policy,
    schema: Draft202012Validator,
) -> None:
    good = json.loads(to_json(report(kind, *judged["changed"], policy)))
    for name in good:
        less = {key: value for key, value in good.items() if key != name}
        assert not schema.is_valid(less), name
    assert not schema.is_valid({**good, "more": 1})
    other = copy.deepcopy(good)
    other["result"]["indication"] = "PASSED"
    assert not schema.is_valid(other)


def test_the_corpus_keeps_to_the_schema_too(
    corpus: Path, policy: Policy, sm2: Region, schema: Draft202012Validator
) -> None:
    files = sorted(path for path in corpus.rglob("*.ofd"))[:12]
    for path in files:
        evidence = inspect(path.read_bytes(), path.name)
        verdict = judge(evidence, policy, sm2.trust, AT)
        for kind in KINDS:
            found = json.loads(to_json(report(kind, verdict, evidence, policy)))
            assert list(schema.iter_errors(found)) == [], path.name


class _Page(HTMLParser):
    """Counts tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def page(data: bytes) -> _Page:
    found = _Page()
    found.feed(data.decode())
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_the_page_loads_nothing_runs_nothing_and_gives_the_result(
    kind: ReportKind, case: str, judged: dict[str, tuple[Verdict, Evidence]], policy: Policy
) -> None:
    body = report(kind, *judged[case], policy)
    found = page(to_html(body))
    assert not found.tags & {"script", "link", "img", "iframe", "a", "object", "form"}
    assert not any(name.startswith("on") or name in {"src", "href"} for name in found.names)
    result = body["result"]
    assert isinstance(result, dict)
    assert str(result["zh"]) in found.text
    assert judged[case][1].sha256 in found.text


def test_names_out_of_a_file_stay_text(
    judged: dict[str, tuple[Verdict, Evidence]], policy: Policy
) -> None:
    verdict, evidence = judged["good"]
    name = "<script>x</script>\u202efdp.\x00\udc80.ofd"
    signature = replace(verdict.signatures[0], seal_name="<img src=x>\u2066局")
    bad = replace(verdict, file=name, signatures=(signature,))
    for kind in KINDS:
        body = report(kind, bad, replace(evidence, name=name), policy)
        data = to_html(body)
        found = page(data)
        assert not found.tags & {"script", "img"}
        assert not any(char in data.decode() for char in "\u202e\u2066\x00")
        assert json.loads(to_json(body))["file"]["format"] == "ofd"


@pytest.mark.parametrize("kind", KINDS)
def test_equal_input_gives_equal_bytes(
    kind: ReportKind, sealed: bytes, sm2: Region, policy: Policy
) -> None:
    made = set()
    for _ in range(2):
        evidence = inspect(sealed, "good.ofd")
        body = report(kind, judge(evidence, policy, sm2.trust, AT), evidence, policy)
        made.add((to_json(body), to_html(body)))
    assert len(made) == 1


def test_the_clerk_reads_each_reason_once_and_no_code(
    judged: dict[str, tuple[Verdict, Evidence]], policy: Policy
) -> None:
    verdict, evidence = judged["changed"]
    body: dict[str, Any] = report(ReportKind.SIMPLE, verdict, evidence, policy)
    sentences = [item["zh"] for item in body["signatures"][0]["reasons"]]
    assert "文件内容在盖章后被改动" in sentences
    assert len(sentences) == len(set(sentences))
    assert (
        "示例市测试局，北京时间 2026-03-02 09:02:03（签章者声明）：无效。"
        in page(to_html(body)).text
    )
    assert "E_DIGEST_MISMATCH" not in to_html(body).decode()


def test_the_tree_puts_every_finding_under_one_clause(
    judged: dict[str, tuple[Verdict, Evidence]], policy: Policy
) -> None:
    verdict, evidence = judged["changed"]
    body: dict[str, Any] = report(ReportKind.DETAILED, verdict, evidence, policy)
    (signature,) = body["signatures"]
    states = {item["name"]: item["state"] for item in signature["checks"]}
    assert states["cryptography"] == "reject"
    assert states["format"] == "passed"
    found = [row for item in signature["checks"] for row in item["findings"]]
    assert len(found) == len(verdict.signatures[0].findings)
    (changed,) = [row for row in found if row["code"] == "E_DIGEST_MISMATCH"]
    assert changed["paragraph"] == "ETSI EN 319 102-1, 5.2.7"


def test_a_finding_that_never_decides_is_a_note(
    judged: dict[str, tuple[Verdict, Evidence]], policy: Policy
) -> None:
    verdict, evidence = judged["good"]
    code = next(code for code, text in code_texts().items() if text.sub is None)
    finding = replace(
        judged["cut"][0].findings[0], code=code, severity=Severity.WARN, sub_indication=None
    )
    body: dict[str, Any] = report(
        ReportKind.DETAILED, replace(verdict, findings=(finding,)), evidence, policy
    )
    notes = body["checks"][-1]
    assert (notes["name"], notes["state"]) == ("notes", "warn")
    assert notes["findings"][0]["paragraph"] == ""
    assert "! 提示" in page(to_html(body)).text


def test_every_sub_indication_belongs_to_exactly_one_clause() -> None:
    placed = [sub for block in BLOCKS for sub in block.reasons]
    assert sorted(placed) == sorted(SubIndication)


def test_the_diagnostic_report_holds_the_verdict_and_the_evidence_as_they_are(
    judged: dict[str, tuple[Verdict, Evidence]], policy: Policy
) -> None:
    from signing import evidence as codec

    verdict, evidence = judged["good"]
    found = json.loads(to_json(report(ReportKind.DIAGNOSTIC, verdict, evidence, policy)))
    assert found["verdict"] == json.loads(json.dumps(verdict.to_json()))
    assert found["evidence"] == json.loads(codec.dump(evidence))


def test_a_verdict_on_something_else_has_no_report(
    judged: dict[str, tuple[Verdict, Evidence]], policy: Policy
) -> None:
    with pytest.raises(ValueError, match="not one on this evidence"):
        report(ReportKind.SIMPLE, judged["good"][0], judged["changed"][1], policy)
    with pytest.raises(ValueError, match="not one on this evidence"):
        report(ReportKind.SIMPLE, *judged["good"], load_policy("archive"))


def test_the_cases_are_what_they_claim(judged: dict[str, tuple[Verdict, Evidence]]) -> None:
    found = {name: verdict.indication for name, (verdict, _) in judged.items()}
    assert found == {
        "good": Indication.TOTAL_PASSED,
        "changed": Indication.TOTAL_FAILED,
        "cut": Indication.TOTAL_FAILED,
        "plain": None,
        "rubbish": Indication.TOTAL_FAILED,
        "stranger": Indication.INDETERMINATE,
    }
