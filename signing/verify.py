"""From a file to a verdict in two steps that can be taken apart: inspect, then judge.

``inspect`` reads bytes nobody trusts; run it through ``signing.fence``. ``judge`` is a pure
function of evidence, policy, trust and time, so that a verdict can be replayed years later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from kernel.clock import to_iso
from signing.checks import all_checks
from signing.checks.case import Case, Raised, Trust
from signing.checks.revocation import lists_used
from signing.model import (
    EVIDENCE_SCHEMA,
    INTEGRITY,
    TOTAL_FAILED_REASONS,
    Evidence,
    Finding,
    Indication,
    Observation,
    Severity,
    SignatureVerdict,
    SubIndication,
    Verdict,
)
from signing.policies import Policy, code_texts
from signing.trust import TrustStore

HEADER_REGION = 1024
"""How far into a file readers look for the mark of its format."""


def detect(data: bytes) -> str:
    """Return ``pdf``, ``ofd`` or ``unknown``: the mark that comes first near the start decides."""
    head = data[:HEADER_REGION]
    pdf, archive = head.find(b"%PDF-"), head.find(b"PK\x03\x04")
    if pdf >= 0 and not 0 <= archive < pdf:
        return "pdf"
    return "ofd" if archive >= 0 or data[:2] == b"PK" else "unknown"


def inspect(data: bytes, name: str = "") -> Evidence:
    """Return the evidence of a file of any format; never raises on what a file may hold."""
    kind = detect(data)
    if kind == "ofd":
        from signing.formats.ofd.inspect import inspect as inspect_ofd

        return inspect_ofd(data, name)
    if kind == "pdf":
        from signing.formats.pdf.inspect import inspect as inspect_pdf

        return inspect_pdf(data, name)
    detail = "empty file" if not data else "neither PDF nor OFD"
    return failure("E_FORMAT", detail, name=name, size=len(data), digest=_sha256(data))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def failure(code: str, detail: str, *, name: str, size: int, digest: str = "") -> Evidence:
    """Return evidence of a file that could not be inspected, with the reason."""
    observed = (Observation(code, "", detail),)
    return Evidence(EVIDENCE_SCHEMA, name, "unknown", size, digest, observations=observed)


def judge(
    evidence: Evidence,
    policy: Policy,
    trust: Trust | TrustStore,
    at: datetime,
    recorded: datetime | None = None,
) -> Verdict:
    """Judge evidence under a policy, with a trust, as of a moment. Pure.

    ``recorded`` is the caller's own proof of existence: since when a register that it trusts has
    held exactly this file. It decides what a later revocation or end of a certificate can undo.
    """
    known = Trust.at(trust, at) if isinstance(trust, TrustStore) else trust
    signatures = tuple(
        _signature(Case(evidence, item, known, at, policy.permitted, recorded), policy)
        for item in evidence.signatures
    )
    raised = [Raised(item.code, item.path, item.detail) for item in evidence.observations]
    findings = _findings(raised, policy)
    sealed = any(item.kind != INTEGRITY for item in signatures)
    counted = [item for row in signatures for item in row.findings if sealed or _breaks(item)]
    subs = _subs([*findings, *counted])
    said = any(item.code == "E_NO_SIGNATURE" for item in findings)
    broken = not sealed and any(item.sub_indication for item in counted)
    unsigned = not sealed and not broken and (said or not subs)
    codes = [item.code for item in findings] + [code for item in signatures for code in item.codes]
    return Verdict(
        file=evidence.name,
        format=evidence.format,
        sha256=evidence.sha256,
        policy=policy.name,
        at=to_iso(at),
        indication=None if unsigned else _indication(subs),
        sub_indications=() if unsigned else subs,
        codes=tuple(dict.fromkeys(codes)),
        signatures=signatures,
        findings=findings,
        metadata=evidence.metadata,
    )


def _signature(case: Case, policy: Policy) -> SignatureVerdict:
    signature = case.signature
    raised = [item for _, check in all_checks() for item in check(case)]
    findings = _findings(raised, policy)
    subs = _subs(findings)
    signer, time = case.signer, case.time
    return SignatureVerdict(
        id=signature.id,
        kind=signature.kind,
        structure=signature.structure,
        indication=_indication(subs),
        sub_indications=subs,
        codes=tuple(dict.fromkeys(item.code for item in findings)),
        signer=signer.subject if signer else "",
        issuer=signer.issuer if signer else "",
        seal_name=signature.seal.name if signature.seal else "",
        seal_id=signature.seal.seal_id if signature.seal else "",
        time=to_iso(time) if time else "",
        time_source="timestamp" if case.proven_time else "claimed",
        level=signature.level,
        findings=findings,
        stamps=signature.stamps,
        revocation=lists_used(case),
    )


_BROKEN = frozenset(
    {
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
    }
)


def _breaks(finding: Finding) -> bool:
    """Tell whether a signed list of files is broken, in a file that bears no seal besides.

    Who signed the list and when cannot make an unsealed file anything else than unsealed.
    """
    return finding.sub_indication in _BROKEN


_ORDER = {Severity.REJECT: 0, Severity.INDETERMINATE: 1, Severity.WARN: 2, Severity.IGNORE: 3}


def _findings(raised: Iterable[Raised], policy: Policy) -> tuple[Finding, ...]:
    """Weigh what was raised; worst first, then in the order of checks."""
    found: list[Finding] = []
    for item in dict.fromkeys(raised):
        severity = policy.severity(item.code)
        if severity is Severity.IGNORE:
            continue
        text = code_texts().get(item.code)
        decides = severity in (Severity.REJECT, Severity.INDETERMINATE)
        sub = item.sub or (text.sub if text else None) or SubIndication.FORMAT_FAILURE
        found.append(
            Finding(
                code=item.code,
                severity=severity,
                sub_indication=sub if decides else None,
                zh=text.zh.replace("{detail}", item.detail) if text else item.code,
                en=text.en.replace("{detail}", item.detail) if text else item.code,
                path=item.path,
                detail=item.detail,
            )
        )
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.severity]))


def _subs(findings: Sequence[Finding]) -> tuple[SubIndication, ...]:
    """Return the deciding sub-indications, those of TOTAL-FAILED first, each once."""
    subs = [item.sub_indication for item in findings if item.sub_indication]
    failed = [sub for sub in subs if sub in TOTAL_FAILED_REASONS]
    rest = [sub for sub in subs if sub not in TOTAL_FAILED_REASONS]
    return tuple(dict.fromkeys([*failed, *rest]))


def _indication(subs: Sequence[SubIndication]) -> Indication:
    if any(sub in TOTAL_FAILED_REASONS for sub in subs):
        return Indication.TOTAL_FAILED
    return Indication.INDETERMINATE if subs else Indication.TOTAL_PASSED
