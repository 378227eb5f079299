"""The three reports, and where EN 319 102-1 puts each reason that a check may give."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from signing.model import SubIndication

REPORT_SCHEMA = 1
"""Version of the report format (``docs/formats/report.md``)."""

STANDARD = "ETSI EN 319 102-1"


class ReportKind(StrEnum):
    """Who reads the report: a clerk, an auditor, an engineer."""

    SIMPLE = "simple"
    DETAILED = "detailed"
    DIAGNOSTIC = "diagnostic"


@dataclass(frozen=True, slots=True)
class Block:
    """A building block of validation: its clause in EN 319 102-1 and what it asks."""

    name: str
    clause: str
    zh: str
    en: str
    reasons: frozenset[SubIndication]
    """The sub-indications that this block gives; those of no block belong to the last."""


_S = SubIndication

BLOCKS = (
    Block(
        "format",
        "5.2.2",
        "文件和签章的格式",
        "Format of file and signature",
        frozenset({_S.FORMAT_FAILURE}),
    ),
    Block(
        "signing-certificate",
        "5.2.3",
        "找到签章证书",
        "Signing certificate identified",
        frozenset({_S.NO_SIGNING_CERTIFICATE_FOUND}),
    ),
    Block(
        "context",
        "5.2.4",
        "核验策略可用",
        "Validation policy at hand",
        frozenset({_S.POLICY_PROCESSING_ERROR, _S.SIGNATURE_POLICY_NOT_AVAILABLE}),
    ),
    Block(
        "freshness",
        "5.2.5",
        "吊销信息够新",
        "Revocation data fresh enough",
        frozenset({_S.TRY_LATER}),
    ),
    Block(
        "certificate",
        "5.2.6",
        "证书可信且有效",
        "Certificate trusted and valid",
        frozenset(
            {
                _S.CERTIFICATE_CHAIN_GENERAL_FAILURE,
                _S.CHAIN_CONSTRAINTS_FAILURE,
                _S.EXPIRED,
                _S.NO_CERTIFICATE_CHAIN_FOUND,
                _S.NOT_YET_VALID,
                _S.OUT_OF_BOUNDS_NOT_REVOKED,
                _S.REVOKED,
            }
        ),
    ),
    Block(
        "cryptography",
        "5.2.7",
        "签名值和摘要相符",
        "Signature value and digests fit",
        frozenset({_S.HASH_FAILURE, _S.SIG_CRYPTO_FAILURE, _S.SIGNED_DATA_NOT_FOUND}),
    ),
    Block(
        "acceptance",
        "5.2.8",
        "符合策略的要求",
        "Constraints of the policy met",
        frozenset({_S.CRYPTO_CONSTRAINTS_FAILURE, _S.SIG_CONSTRAINTS_FAILURE}),
    ),
    Block(
        "time",
        "5.5",
        "时间有证明",
        "Time proven",
        frozenset(
            {
                _S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
                _S.NO_POE,
                _S.OUT_OF_BOUNDS_NO_POE,
                _S.REVOCATION_OUT_OF_BOUNDS_NO_POE,
                _S.REVOKED_CA_NO_POE,
                _S.REVOKED_NO_POE,
                _S.TIMESTAMP_ORDER_FAILURE,
            }
        ),
    ),
)
"""In the order of the standard. Every sub-indication belongs to exactly one."""

NOTES = Block("notes", "", "提示", "Notes", frozenset())
"""Findings whose code never decides an outcome and so belongs to no clause."""
