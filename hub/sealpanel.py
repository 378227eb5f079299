"""The seal panel: what one seal or signature says of itself, as rows in both languages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Final

from hub.views import moment
from hub.words import Pair
from kernel.clock import to_iso
from kernel.errors import TongbanError
from signing import x509
from signing.algorithms import by_oid
from signing.model import Evidence, SealEvidence, SignatureEvidence, SignatureVerdict

Row = tuple[Pair, Pair]

_KINDS: Final[Mapping[str, Pair]] = {
    "seal": ("电子印章", "Electronic seal"),
    "signature": ("数字签名", "Digital signature"),
    "timestamp": ("文档时间戳", "Document time stamp"),
    "integrity": ("完整性清单", "List of files"),
}
_STRUCTURES: Final[Mapping[str, str]] = {
    "ses-v1": "GM/T 0031-2014",
    "ses-v4": "GB/T 38540-2020",
    "ses-v5": "GM/T 0031-2025",
    "gbt35275": "GB/T 35275",
    "cms": "CMS / PAdES",
}
_ALGORITHMS: Final[Mapping[str, str]] = {
    "sm2_sm3": "SM2 + SM3",
    "ecdsa_p256": "ECDSA P-256 + SHA-256",
    "ecdsa_p384": "ECDSA P-384 + SHA-384",
    "rsa_pkcs1": "RSA PKCS#1 v1.5",
    "rsa_pss": "RSA-PSS",
    "ed25519": "Ed25519",
}


def kind(signature: SignatureVerdict) -> Pair:
    """Return what it is called."""
    return _KINDS.get(signature.kind, _KINDS["signature"])


def rows(evidence: Evidence, found: SignatureEvidence, verdict: SignatureVerdict) -> list[Row]:
    """Return who, authority, certificate, maker, when, algorithm and validity."""
    seal, signer = found.seal, _certificate(evidence, found.signer)
    shown = list(_of_seal(evidence, seal)) if seal else []
    if signer is not None:
        until = f"{moment(to_iso(signer.not_before))} — {moment(to_iso(signer.not_after))}"
        shown += [
            (("签章证书", "Certificate"), _both(signer.subject)),
            (("证书有效期", "Certificate valid"), _both(until)),
            (("证书序列号", "Serial number"), _both(f"{signer.serial:X}")),
            (("证书颁发者", "Certificate issued by"), _both(signer.issuer)),
        ]
    else:
        shown.append((("签章证书", "Certificate"), ("文件中没有", "not in the file")))
    proven = verdict.time_source == "timestamp"
    source = (
        ("时间戳证明", "proved by a time stamp") if proven else ("签章者声明", "as the signer says")
    )
    at = moment(verdict.time)
    shown.append((("签章时间", "Sealed at"), (f"{at}（{source[0]}）", f"{at} ({source[1]})")))
    structure = _STRUCTURES.get(found.structure, found.structure)
    level = f"，{found.level}" if found.level else ""
    shown += [
        (("签名算法", "Algorithm"), _both(_algorithm(found.signature_algorithm))),
        (("结构", "Structure"), (f"{structure}{level}", f"{structure}{level.replace('，', ', ')}")),
    ]
    return shown


def _of_seal(evidence: Evidence, seal: SealEvidence) -> Iterator[Row]:
    yield ("印章名称", "Seal"), _both(seal.name)
    yield ("印章编码", "Seal code"), _both(seal.seal_id)
    maker = _certificate(evidence, seal.maker)
    yield ("制章者", "Made by"), _both(maker.subject if maker else seal.vendor or "—")
    yield (
        ("印章有效期", "Seal valid"),
        _both(f"{moment(seal.valid_from)} — {moment(seal.valid_to)}"),
    )


def _certificate(evidence: Evidence, name: str) -> x509.Cert | None:
    encoded = evidence.certificates.get(name, "")
    try:
        return x509.parse(base64.b64decode(encoded, validate=True)) if encoded else None
    except (ValueError, binascii.Error, TongbanError):
        return None


def _algorithm(name: str) -> str:
    """Return how people call it; what nobody here knows stays as the file has it."""
    known = _ALGORITHMS.get(name)
    if known or not name:
        return known or "—"
    try:
        return _ALGORITHMS.get(by_oid(name).name, name)
    except TongbanError:
        return name


def _both(text: str) -> Pair:
    return text or "—", text or "—"
