"""Sealing an OFD file with a GB/T 38540-2020 electronic seal: whole protection, SM2 with SM3.

Two steps, so that the key sees only a digest: ``prepare`` lays out the file and says what is to be
signed, ``finish`` adds the signature. ``seal`` does both with a callable.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from kernel.errors import TongbanError
from signing.algorithms import by_name
from signing.algorithms.sm2_sm3 import NAME as SM2
from signing.algorithms.sm2_sm3 import SM3_OID, sm3
from signing.formats.errors import FormatError
from signing.formats.ofd import package
from signing.formats.ofd.inspect import OUR_PROVIDER, ROOT
from signing.formats.ofd.xml import NAMESPACE, children, namespace, only, parse, text
from signing.model import Placement, SealMaterial, SignDigest
from signing.ses import build
from signing.time.check import stamped
from signing.time.ports import TimeStamps
from signing.x509 import parse as parse_certificate

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PROVIDER_VERSION = "1"
_FIRST_ID = 1


@dataclass(frozen=True, slots=True)
class Pending:
    """A laid-out file that waits for its signature over ``digest`` (SM3(Z || TBS_Sign))."""

    digest: bytes
    tbs: bytes
    certificate: bytes
    algorithm_oid: str
    value_path: str
    files: Mapping[str, bytes]


def seal(
    unsealed: bytes,
    material: SealMaterial,
    placements: Sequence[Placement],
    at: datetime,
    sign: SignDigest,
    *,
    timestamp: TimeStamps | None = None,
) -> bytes:
    """Return the sealed file. Every file of the package is covered; no later seal can be added.

    ``timestamp`` proves when the signature existed (GB/T 20520 token inside the seal's signature).
    Raises TongbanError ``seal-not-possible``, and whatever ``sign`` and ``timestamp`` raise.
    """
    pending = prepare(unsealed, material, placements, at)
    return finish(pending, sign(pending.digest), timestamp=timestamp)


def prepare(
    unsealed: bytes, material: SealMaterial, placements: Sequence[Placement], at: datetime
) -> Pending:
    """Lay out the sealed file; raises TongbanError ``seal-not-possible`` with the reason."""
    try:
        return _prepare(unsealed, material, placements, at)
    except FormatError as error:
        raise TongbanError("seal-not-possible", reason=f"{error.code} {error.detail}") from error


def finish(pending: Pending, signature: bytes, *, timestamp: TimeStamps | None = None) -> bytes:
    """Return the sealed file with the DER signature value in its place, time-stamped if asked."""
    token = stamped(timestamp, signature, SM2) if timestamp else None
    value = build.signature(
        pending.tbs, pending.certificate, pending.algorithm_oid, signature, token
    )
    return package.write([*pending.files.items(), (pending.value_path, value)])


def _prepare(
    unsealed: bytes, material: SealMaterial, placements: Sequence[Placement], at: datetime
) -> Pending:
    if material.algorithm != SM2:
        raise TongbanError("seal-not-possible", reason="GB/T 38540 seals need SM2 with SM3")
    files = dict(package.read(unsealed).files)
    folder, pages, files[ROOT] = _enter(files)
    base = f"{folder}/Signs" if folder else "Signs"
    own = f"{base}/Sign_0"
    numbers = [f"s{_FIRST_ID + 1 + index:03d}" for index in range(len(placements))]
    files[f"{own}/Seal.esl"] = material.seal_der
    files[f"{base}/Signatures.xml"] = _listing(own, numbers)
    description = _description(
        own=own, files=files, stamps=_stamps(placements, numbers, pages), at=at
    )
    path = f"{own}/Signature.xml"
    tbs = build.to_be_signed(
        seal_der=material.seal_der, at=at, data_hash=sm3(description), property_info=f"/{path}"
    )
    method = by_name(material.algorithm)
    files[path] = description
    return Pending(
        digest=method.digest(tbs, parse_certificate(material.certificate).spki),
        tbs=tbs,
        certificate=material.certificate,
        algorithm_oid=method.oid,
        value_path=f"{own}/SignedValue.dat",
        files=files,
    )


def _enter(files: Mapping[str, bytes]) -> tuple[str, list[str], bytes]:
    """Return the document's folder, its page ids in order, and OFD.xml naming the signatures."""
    root = parse(files.get(ROOT, b""), ROOT)
    bodies = children(root.root, "DocBody")
    if len(bodies) != 1:
        raise FormatError("E_FORMAT", f"{len(bodies)} document bodies", ROOT)
    if only(bodies[0], "Signatures", ROOT) is not None:
        raise FormatError("E_CHANGED_AFTER_SEAL", "file is sealed already", ROOT)
    path = root.locate(text(only(bodies[0], "DocRoot", ROOT)))
    document = parse(files.get(path, b""), path)
    listed = only(document.root, "Pages", path)
    pages = [
        page.get("ID") or "" for page in (children(listed, "Page") if listed is not None else [])
    ]
    folder = path.rpartition("/")[0]
    entry = etree.SubElement(bodies[0], f"{{{namespace(root.root) or NAMESPACE}}}Signatures")
    entry.text = f"/{folder}/Signs/Signatures.xml" if folder else "/Signs/Signatures.xml"
    body = etree.tostring(root.root, encoding="unicode")
    return folder, pages, (_DECLARATION + body).encode()


def _listing(own: str, numbers: Sequence[str]) -> bytes:
    first = f"s{_FIRST_ID:03d}"
    largest = numbers[-1] if numbers else first
    return (
        f'{_DECLARATION}<ofd:Signatures xmlns:ofd="{NAMESPACE}">'
        f"<ofd:MaxSignId>{largest}</ofd:MaxSignId>"
        f'<ofd:Signature ID="{first}" Type="Seal" BaseLoc="/{own}/Signature.xml"/>'
        "</ofd:Signatures>"
    ).encode()


def _stamps(placements: Sequence[Placement], numbers: Sequence[str], pages: Sequence[str]) -> str:
    if not placements:
        raise TongbanError("seal-not-possible", reason="no place for the seal is given")
    parts: list[str] = []
    for placement, number in zip(placements, numbers, strict=True):
        if not 0 <= placement.page < len(pages):
            raise TongbanError("seal-not-possible", reason=f"no page {placement.page}")
        box = (placement.x_mm, placement.y_mm, placement.width_mm, placement.height_mm)
        boundary = " ".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in box)
        parts.append(
            f'<ofd:StampAnnot ID="{number}" PageRef={quoteattr(pages[placement.page])} '
            f'Boundary="{boundary}"/>'
        )
    return "".join(parts)


def _description(*, own: str, files: Mapping[str, bytes], stamps: str, at: datetime) -> bytes:
    """Return Signature.xml; it lists every file of the package except itself and the value."""
    references = "".join(
        f"<ofd:Reference FileRef={quoteattr('/' + path)}><ofd:CheckValue>"
        f"{base64.b64encode(sm3(data)).decode()}</ofd:CheckValue></ofd:Reference>"
        for path, data in files.items()
    )
    return (
        f'{_DECLARATION}<ofd:Signature xmlns:ofd="{NAMESPACE}"><ofd:SignedInfo>'
        f'<ofd:Provider ProviderName="{OUR_PROVIDER}" Version="{_PROVIDER_VERSION}" '
        f'Company="{OUR_PROVIDER}"/>'
        f"<ofd:SignatureMethod>{by_name(SM2).oid}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{at.astimezone(UTC):%Y%m%d%H%M%SZ}</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{SM3_OID}">{references}</ofd:References>'
        f"{stamps}"
        f"<ofd:Seal><ofd:BaseLoc>{escape(f'/{own}/Seal.esl')}</ofd:BaseLoc></ofd:Seal>"
        "</ofd:SignedInfo>"
        f"<ofd:SignedValue>{escape(f'/{own}/SignedValue.dat')}</ofd:SignedValue></ofd:Signature>"
    ).encode()
