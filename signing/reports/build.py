"""Put a report together out of a verdict and its evidence; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence

from kernel.clock import BEIJING, from_iso
from kernel.ports import Json
from signing import evidence as codec
from signing.model import Evidence, Finding, Indication, Severity, SignatureVerdict, Verdict
from signing.policies import Policy, code_texts
from signing.reports.model import BLOCKS, NOTES, REPORT_SCHEMA, STANDARD, Block, ReportKind

Body = dict[str, Json]

_RESULTS: Mapping[Indication | None, tuple[str, str, str]] = {
    Indication.TOTAL_PASSED: (
        "核验通过：印章真实，文件没有改动。",
        "Passed: the seals are genuine and the file is unchanged.",
        "可以按原件使用。证照是否仍然有效，请再查登记状态。",
    ),
    Indication.TOTAL_FAILED: (
        "核验不通过：文件不可采信。",
        "Failed: the file must not be relied on.",
        "请勿收取，请当事人重新提供文件，或向出具机构核实。",
    ),
    Indication.INDETERMINATE: (
        "无法判定：现有信息不足以确认。",
        "Indeterminate: what is known is not enough to decide.",
        "请勿当作已核验，请按下列原因补充信息后重新核验，或向出具机构核实。",
    ),
    None: (
        "文件没有电子印章或签名。",
        "The file bears no seal or signature.",
        "请勿当作盖章文件使用，请当事人提供盖章的原件。",
    ),
}


def report(kind: ReportKind, verdict: Verdict, evidence: Evidence, policy: Policy) -> Body:
    """Return a report as plain JSON values; equal input gives equal values.

    ``verdict`` must be what ``judge`` makes of ``evidence`` under ``policy``; a verdict on another
    file or by another policy raises ValueError.
    """
    if (verdict.sha256, verdict.policy) != (evidence.sha256, policy.name):
        raise ValueError("the verdict is not one on this evidence under this policy")
    zh, en, advice = _RESULTS[verdict.indication]
    saved = codec.dump(evidence)
    head: Body = {
        "schema": REPORT_SCHEMA,
        "report": kind.value,
        "file": {
            "name": verdict.file,
            "format": verdict.format,
            "size": evidence.size,
            "sha256": verdict.sha256,
        },
        "judged": {
            "at": verdict.at,
            "policy": policy.name,
            "policy_title": policy.title,
            "policy_sha256": policy.digest,
            "evidence_sha256": hashlib.sha256(saved).hexdigest(),
        },
        "result": {
            "indication": verdict.indication.value if verdict.indication else None,
            "sub_indications": [item.value for item in verdict.sub_indications],
            "zh": zh,
            "en": en,
            "advice": advice,
        },
    }
    return head | _BODIES[kind](verdict, saved)


def _simple(verdict: Verdict, _: bytes) -> Body:
    return {
        "reasons": _sentences(verdict.findings),
        "signatures": [
            {
                "id": item.id,
                "name": _name(item),
                "time": item.time,
                "indication": item.indication.value,
                "zh": _sentence(item),
                "reasons": _sentences(item.findings),
            }
            for item in verdict.signatures
        ],
    }


def _detailed(verdict: Verdict, _: bytes) -> Body:
    return {
        "standard": STANDARD,
        "checks": _tree(verdict.findings),
        "signatures": [
            {
                "id": item.id,
                "kind": item.kind,
                "structure": item.structure,
                "level": item.level,
                "name": _name(item),
                "seal_id": item.seal_id,
                "signer": item.signer,
                "issuer": item.issuer,
                "time": item.time,
                "time_source": item.time_source,
                "indication": item.indication.value,
                "sub_indications": [sub.value for sub in item.sub_indications],
                "checks": _tree(item.findings),
                "revocation": [used.to_json() for used in item.revocation],
            }
            for item in verdict.signatures
        ],
    }


def _diagnostic(verdict: Verdict, saved: bytes) -> Body:
    return {"verdict": verdict.to_json(), "evidence": json.loads(saved)}


_BODIES: Mapping[ReportKind, Callable[[Verdict, bytes], Body]] = {
    ReportKind.SIMPLE: _simple,
    ReportKind.DETAILED: _detailed,
    ReportKind.DIAGNOSTIC: _diagnostic,
}


def _name(signature: SignatureVerdict) -> str:
    return signature.seal_name or signature.signer or signature.id


_ENDINGS = {
    Indication.TOTAL_PASSED: "有效",
    Indication.TOTAL_FAILED: "无效",
    Indication.INDETERMINATE: "无法判定",
}


def _sentence(signature: SignatureVerdict) -> str:
    """Return one sentence: who, when by whose word, and what became of it."""
    when = "时间不明"
    if signature.time:
        known = "时间戳证明" if signature.time_source == "timestamp" else "签章者声明"
        local = from_iso(signature.time).astimezone(BEIJING)
        when = f"北京时间 {local:%Y-%m-%d %H:%M:%S}（{known}）"
    return f"{_name(signature)}，{when}：{_ENDINGS[signature.indication]}。"


def _sentences(findings: Sequence[Finding]) -> list[Json]:
    """Return each sentence once; several places of one defect are one reason to a clerk."""
    worst: dict[str, Severity] = {}
    for item in findings:
        worst.setdefault(item.zh, item.severity)
    return [{"severity": severity.value, "zh": zh} for zh, severity in worst.items()]


def _tree(findings: Sequence[Finding]) -> list[Json]:
    """Return every block of the standard with what was found there; notes only where there are."""
    placed = [
        (block, [item for item in findings if _block(item) is block]) for block in (*BLOCKS, NOTES)
    ]
    return [
        {
            "name": block.name,
            "clause": block.clause,
            "zh": block.zh,
            "en": block.en,
            "state": _state(found),
            "findings": [_row(item) for item in found],
        }
        for block, found in placed
        if block is not NOTES or found
    ]


def _block(finding: Finding) -> Block:
    """Return where a finding belongs; a mere warning goes where its code would decide."""
    text = code_texts().get(finding.code)
    sub = finding.sub_indication or (text.sub if text else None)
    return next((block for block in BLOCKS if sub in block.reasons), NOTES)


def _row(finding: Finding) -> Body:
    return finding.to_json() | {"paragraph": _paragraph(_block(finding))}


def _paragraph(block: Block) -> str:
    return f"{STANDARD}, {block.clause}" if block.clause else ""


def _state(findings: Sequence[Finding]) -> str:
    """Return ``passed``, or the worst severity found."""
    found = {item.severity for item in findings}
    order = (Severity.REJECT, Severity.INDETERMINATE, Severity.WARN)
    return next((severity.value for severity in order if severity in found), "passed")
