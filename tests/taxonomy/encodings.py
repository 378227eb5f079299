"""Rows 23 to 33 and 41 to 45: encodings, numbers, keys, digests, parts, descriptions, stamps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from signing import x509
from signing.algorithms.sm2_sm3 import OID, sm3, z
from signing.formats.crypto import SM2_N
from signing.formats.ofd import package
from signing.formats.ofd.seal import seal
from signing.model import Placement
from signing.ses import build, der
from signing.ses.signed_data import Form
from tests.signing_formats.conftest import AT, END, NS, PLACE, START, Region, unsealed_files
from tests.signing_formats.craft import (
    OWN,
    SHA256_OID,
    Recipe,
    craft,
    md5,
    numbers,
    raw_numbers,
    sha256,
    signed_over_sha256,
)
from tests.taxonomy.exhibit import Exhibit
from tests.taxonomy.seals import LISTING, crafted, rewritten

SECOND = (Placement(0, 20.0, 200.0, 40.0, 40.0),)


def _odd_version(region: Region) -> bytes:
    header = b"\x16\x02ES\x02\x01"
    odd = region.seal_der().replace(header + b"\x04", header + b"\x09")
    return craft(region, Recipe(seal_der=odd))


def _loose(value: bytes) -> bytes:
    return b"\x30\x80" + der.whole(value).content + b"\x00\x00"


def _padded(value: bytes) -> bytes:
    content = der.whole(value).content
    return b"\x30\x84" + len(content).to_bytes(4, "big") + content


def _off_the_curve(region: Region) -> bytes:
    broken = bytearray(region.signer.cert)
    broken[broken.index(x509.parse(region.signer.cert).spki[-32:]) + 31] ^= 1
    return craft(replace(region, signer=replace(region.signer, cert=bytes(broken))), Recipe())


def _keyed(region: Region) -> bytes:
    own = z(region.signer.spki)
    method = "1.2.156.10197.1.401.2"
    return craft(region, Recipe(check_method=method, digest=lambda data: sm3(own + data)))


def _one_of_two_wrong(region: Region) -> bytes:
    """The second of two seals is signed over something else."""
    data, material = package.write(unsealed_files()), region.material()
    first = seal(data, material, PLACE, AT, region.signer.sign, later=True)
    return seal(first, material, SECOND, AT, lambda digest: region.signer.sign(sm3(digest)))


def listed(entry: bytes) -> Callable[[dict[str, bytes]], None]:
    """Return a change that adds an entry to the list of signatures."""

    def change(files: dict[str, bytes]) -> None:
        ending = b"</ofd:Signatures>"
        files[LISTING] = files[LISTING].replace(ending, entry + ending)

    return change


def _appended(files: dict[str, bytes]) -> None:
    listed(b'<ofd:Signature ID="s009" BaseLoc="/Doc_0/Signs/Sign_1/Signature.xml"/>')(files)
    files["Doc_0/Signs/Sign_1/Signature.xml"] = files[f"{OWN}/Signature.xml"]


def _reference(where: str) -> str:
    value = "<ofd:CheckValue>AA==</ofd:CheckValue>"
    return f'<ofd:Reference FileRef="{where}">{value}</ofd:Reference>'


def _before(ending: bytes, more: bytes) -> Recipe:
    return Recipe(xml=lambda xml: xml.replace(ending, more + ending))


def _lying_picture(region: Region) -> bytes:
    info = build.seal_info(
        es_id="41010000000002",
        kind=1,
        name="示例市测试局",
        certificates=(region.signer.cert,),
        created=START,
        valid_from=START,
        valid_to=END,
        picture=build.Picture("PNG", b"GIF89a", 40, 40),
        vid="T",
    )
    made = build.seal(info, region.maker.cert, OID, region.maker.sign_message(info))
    return craft(region, Recipe(seal_der=made))


def _only_drawn() -> Recipe:
    page = f'<ofd:PageAnnot {NS}><ofd:Annot ID="9" Type="Stamp"/></ofd:PageAnnot>'
    return Recipe(files=[*unsealed_files(), ("Doc_0/Annots/Page_0/Annotation.xml", page.encode())])


def _unreadable(region: Region) -> bytes:
    return craft(
        replace(region, signer=replace(region.signer, cert=region.signer.cert[:-5])), Recipe()
    )


def _pair(r: int, s: int) -> Recipe:
    return Recipe(signature=lambda _: numbers(r, s))


def _replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old, new)


_NAMESPACE = b"http://www.ofdspec.org/2016"
_NUMBERS = {
    "r-zero": (0, 5),
    "s-zero": (5, 0),
    "r-is-order": (SM2_N, 5),
    "s-above-order": (5, SM2_N + 1),
    "sum-is-order": (7, SM2_N - 7),
    "r-negative": (-3, 5),
}
_PARTS = {
    "value": f"{OWN}/SignedValue.dat",
    "description": f"{OWN}/Signature.xml",
    "seal-file": f"{OWN}/Seal.esl",
    "resources": "Doc_0/PublicRes.xml",
}
_OUTSIDE = {
    "climbs": "/../../etc/passwd",
    "file-address": "file:///etc/passwd",
    "web-address": "http://192.0.2.1/a",
    "drive": "C:\\a",
    "backslash": "\\a",
}
_TWIN = b'<ofd:Signature ID="s001" BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml"/>'

EXHIBITS: tuple[Exhibit, ...] = (
    Exhibit(23, "version-unknown", "E_SES_VERSION", _odd_version, "indeterminate"),
    Exhibit(
        23,
        "versions-disagree",
        "E_SES_VERSION",
        crafted(Recipe(tbs=lambda tbs: tbs.replace(b"\x02\x01\x04", b"\x02\x01\x05", 1))),
        "indeterminate",
    ),
    Exhibit(24, "indefinite-length", "E_ASN1_NOT_DER", crafted(Recipe(value=_loose))),
    Exhibit(24, "length-not-minimal", "E_ASN1_NOT_DER", crafted(Recipe(value=_padded))),
    Exhibit(
        24,
        "trailing-bytes",
        "E_ASN1_TRAILING_DATA",
        crafted(Recipe(value=lambda data: data + b"\x05\x00")),
    ),
    Exhibit(
        25,
        "raw-numbers",
        "W_RAW_RS_SIGNATURE",
        crafted(Recipe(signature=raw_numbers)),
        archive="accept",
    ),
    *(Exhibit(26, name, "E_SIG_RANGE", crafted(_pair(*pair))) for name, pair in _NUMBERS.items()),
    Exhibit(27, "key-off-the-curve", "E_KEY_INVALID", _off_the_curve),
    Exhibit(
        28,
        "key-oid-as-algorithm",
        "E_ALG_UNSUPPORTED",
        crafted(Recipe(algorithm="1.2.156.10197.1.301")),
        "indeterminate",
    ),
    Exhibit(
        28,
        "sm2-over-sha256",
        "E_ALG_UNSUPPORTED",
        crafted(Recipe(check_method=SHA256_OID, digest=sha256)),
        "indeterminate",
    ),
    *(
        Exhibit(
            28,
            f"sm2-cms-{form}-over-sha256",
            "E_ALG_UNSUPPORTED",
            partial(signed_over_sha256, form=form),
            "indeterminate",
        )
        for form in Form
    ),
    *(
        Exhibit(
            28,
            f"md5-{name}",
            "E_WEAK_DIGEST",
            crafted(Recipe(check_method=method, digest=md5)),
            "indeterminate",
        )
        for name, method in (("named", "MD5"), ("oid", "1.2.840.113549.2.5"), ("default", None))
    ),
    Exhibit(29, "keyed-digest", "W_KEYED_DIGEST", _keyed, "accept"),
    Exhibit(
        30,
        "property-info-of-another",
        "W_PROPERTYINFO_MISMATCH",
        crafted(Recipe(property_info="/Doc_0/Signs/Sign_9/Signature.xml")),
        archive="accept",
    ),
    *(
        Exhibit(31, f"{name}-missing", "E_MISSING_PART", crafted(Recipe(drop=frozenset({path}))))
        for name, path in _PARTS.items()
    ),
    Exhibit(32, "second-seal-wrong", "E_SIGNATURE", _one_of_two_wrong),
    Exhibit(
        32,
        "base-signature-missing",
        "E_MISSING_PART",
        rewritten(
            listed(
                b'<ofd:Signature ID="s009" Relative="s077" '
                b'BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml"/>'
            )
        ),
    ),
    Exhibit(33, "seal-appended", "E_CHANGED_AFTER_SEAL", rewritten(_appended)),
    *(
        Exhibit(
            41,
            f"reference-{name}",
            "E_REF_PATH_ESCAPE",
            crafted(Recipe(references=_reference(where))),
        )
        for name, where in _OUTSIDE.items()
    ),
    Exhibit(
        42,
        "two-signed-infos",
        "E_XML_AMBIGUOUS",
        crafted(
            Recipe(
                xml=_replaced(
                    b"</ofd:SignedInfo>",
                    b"</ofd:SignedInfo><ofd:SignedInfo></ofd:SignedInfo>",
                )
            )
        ),
    ),
    Exhibit(
        42,
        "two-reference-lists",
        "E_XML_AMBIGUOUS",
        crafted(Recipe(xml=_replaced(b"</ofd:References>", b"</ofd:References><ofd:References/>"))),
    ),
    Exhibit(
        42,
        "reference-twice",
        "E_XML_AMBIGUOUS",
        crafted(_before(b"</ofd:References>", _reference("/OFD.xml").encode())),
    ),
    Exhibit(42, "id-twice", "E_XML_AMBIGUOUS", rewritten(listed(_TWIN))),
    Exhibit(
        43,
        "strange-namespace",
        "E_NAMESPACE",
        crafted(Recipe(root=_replaced(_NAMESPACE, b"http://example.invalid/ofd"))),
    ),
    Exhibit(
        43,
        "old-namespace",
        "W_NAMESPACE",
        crafted(Recipe(root=_replaced(_NAMESPACE, b"http://www.ofdspec.org"))),
        "accept",
    ),
    *(
        Exhibit(
            44,
            f"stamp-{name}",
            "E_STAMP_PLACEMENT",
            crafted(Recipe(xml=_replaced(b"120 200 40 40", boundary))),
            "accept",
        )
        for name, boundary in (
            ("off-page", b"900 900 40 40"),
            ("without-size", b"0 0 0 0"),
            ("three-numbers", b"1 2 3"),
            ("no-numbers", b"a b c d"),
        )
    ),
    Exhibit(
        44,
        "stamp-on-no-page",
        "E_STAMP_PLACEMENT",
        crafted(Recipe(xml=_replaced(b'PageRef="1"', b'PageRef="77"'))),
        "accept",
    ),
    Exhibit(44, "picture-lies", "E_STAMP_PLACEMENT", _lying_picture, "accept"),
    Exhibit(44, "only-drawn", "E_FAKE_STAMP_IMAGE", crafted(_only_drawn()), "accept"),
    Exhibit(45, "certificate-cut", "E_CERT_FORMAT", _unreadable),
)
