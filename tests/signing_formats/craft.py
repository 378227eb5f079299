"""Makes sealed OFD files with one thing wrong, signed all the same by the throw-away region."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from signing.algorithms.sm2_sm3 import OID, SM3_OID, sm3
from signing.formats.ofd import package
from signing.formats.ofd.sign import sign
from signing.ses import build, der
from signing.ses.signed_data import Form, to_be_signed
from signing.ses.signed_data import build as build_signed_data

from .conftest import AT, NS, Region, unsealed_files

SHA256_OID = "2.16.840.1.101.3.4.2.1"
OWN = "Doc_0/Signs/Sign_0"
Bytes = Callable[[bytes], bytes]


def same(data: bytes) -> bytes:
    """Change nothing."""
    return data


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to do differently from a good seal; each step works on what the one before made."""

    files: Sequence[tuple[str, bytes]] = field(default_factory=unsealed_files)
    root: Bytes = same
    check_method: str | None = "1.2.156.10197.1.401"
    digest: Bytes = sm3
    skip: frozenset[str] = frozenset()
    references: str = ""
    xml: Bytes = same
    xml_after_signing: Bytes = same
    algorithm: str = OID
    seal_der: bytes | None = None
    esl: Bytes = same
    at: datetime = AT
    property_info: str = f"/{OWN}/Signature.xml"
    data_hash: Bytes = sm3
    tbs: Bytes = same
    sign_over: Bytes = same
    value: Bytes = same
    signature: Bytes = same
    late: Sequence[tuple[str, bytes]] = ()
    drop: frozenset[str] = frozenset()


def craft(region: Region, recipe: Recipe) -> bytes:
    """Return the archive."""
    return package.write(list(entries(region, recipe).items()))


def entries(region: Region, recipe: Recipe) -> dict[str, bytes]:
    """Return the files of the sealed package."""
    seal_der = recipe.seal_der or region.seal_der()
    files = dict(recipe.files)
    files["OFD.xml"] = recipe.root(
        files["OFD.xml"].replace(
            b"</ofd:DocBody>",
            b"<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody>",
            1,
        )
    )
    files[f"{OWN}/Seal.esl"] = recipe.esl(seal_der)
    files["Doc_0/Signs/Signatures.xml"] = (
        f'<ofd:Signatures {NS}><ofd:MaxSignId>s002</ofd:MaxSignId><ofd:Signature ID="s001" '
        f'Type="Seal" BaseLoc="/{OWN}/Signature.xml"/></ofd:Signatures>'.encode()
    )
    references = recipe.references + "".join(
        f'<ofd:Reference FileRef="/{path}"><ofd:CheckValue>'
        f"{base64.b64encode(recipe.digest(data)).decode()}</ofd:CheckValue></ofd:Reference>"
        for path, data in files.items()
        if path not in recipe.skip
    )
    method = f' CheckMethod="{recipe.check_method}"' if recipe.check_method else ""
    xml = recipe.xml(
        (
            f'<ofd:Signature {NS}><ofd:SignedInfo><ofd:Provider ProviderName="test"/>'
            f"<ofd:SignatureMethod>{recipe.algorithm}</ofd:SignatureMethod>"
            f"<ofd:References{method}>{references}</ofd:References>"
            '<ofd:StampAnnot ID="s002" PageRef="1" Boundary="120 200 40 40"/>'
            f"<ofd:Seal><ofd:BaseLoc>/{OWN}/Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>"
            f"<ofd:SignedValue>/{OWN}/SignedValue.dat</ofd:SignedValue></ofd:Signature>"
        ).encode()
    )
    tbs = recipe.tbs(
        build.to_be_signed(
            seal_der=seal_der,
            at=recipe.at,
            data_hash=recipe.data_hash(xml),
            property_info=recipe.property_info,
        )
    )
    signature = recipe.signature(region.signer.sign_message(recipe.sign_over(tbs)))
    value = build.signature(tbs, region.signer.cert, recipe.algorithm, signature)
    files[f"{OWN}/Signature.xml"] = recipe.xml_after_signing(xml)
    files[f"{OWN}/SignedValue.dat"] = recipe.value(value)
    files.update(recipe.late)
    return {path: data for path, data in files.items() if path not in recipe.drop}


def rebuilt(data: bytes, old: bytes, new: bytes) -> bytes:
    """Put other bytes in place of every part that reads ``old``, lengths corrected."""
    if data == old:
        return new
    node = der.whole(data)
    if not node.tag & 0x20:
        return data
    return der.tlv(node.tag, *(rebuilt(child.raw, old, new) for child in node.children()))


def raw_numbers(signature: bytes) -> bytes:
    """Return r || s of a DER signature."""
    r, s = (part.integer() for part in der.whole(signature).children())
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def numbers(r: int, s: int) -> bytes:
    """Return a DER signature of two numbers."""
    return der.sequence(der.integer(r), der.integer(s))


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 digest."""
    return hashlib.sha256(data).digest()


def signed_over_sha256(region: Region, form: Form) -> bytes:
    """Return a signature of type Sign whose GB/T 35275 value names SHA-256 beside SM2."""
    certificates = (region.signer.cert, region.ca.cert)
    plain = sign(package.write(unsealed_files()), certificates, AT, region.signer.sign, form)
    files = dict(package.read(plain).files)
    message = to_be_signed(form, sha256(files[f"{OWN}/Signature.xml"]), AT)
    value = build_signed_data(form, message, certificates, region.signer.sign_message(message))
    old, new = (der.sequence(der.oid(oid)) for oid in (SM3_OID, SHA256_OID))
    files[f"{OWN}/SignedValue.dat"] = rebuilt(value, old, new)
    return package.write(list(files.items()))


def md5(data: bytes) -> bytes:
    """Return the MD5 digest."""
    return hashlib.md5(data, usedforsecurity=False).digest()
