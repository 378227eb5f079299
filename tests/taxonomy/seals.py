"""Rows 0 to 22: what is covered, what is signed, who signed it, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from signing import x509
from signing.checks.case import Trust
from signing.formats.ofd import package
from signing.formats.ofd.seal import seal
from signing.ses import der
from signing.ses.parse import parse_signature
from signing.x509 import KeyUsage
from tests.signing_formats.conftest import AT, END, PLACE, START, Region, issue, unsealed_files
from tests.signing_formats.craft import OWN, Recipe, craft, entries
from tests.signing_formats.stamping import Stamper, authority, token
from tests.taxonomy.exhibit import Exhibit, Made

Make = Callable[[Region], Made | bytes]
CONTENT = "Doc_0/Pages/Page_0/Content.xml"
LISTING = "Doc_0/Signs/Signatures.xml"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def crafted(recipe: Recipe) -> Make:
    """Return a maker that seals by a recipe."""
    return lambda region: craft(region, recipe)


def rewritten(change: Callable[[dict[str, bytes]], None]) -> Make:
    """Return a maker that changes the files of a well sealed package."""

    def make(region: Region) -> bytes:
        files = entries(region, Recipe())
        change(files)
        return package.write(list(files.items()))

    return make


def _changed(files: dict[str, bytes]) -> None:
    files[CONTENT] += b" "


def _without_list(data: bytes) -> bytes:
    return data[: data.index(b"<ofd:Signatures>")] + data[data.index(b"</ofd:DocBody>") :]


def _second_body(data: bytes) -> bytes:
    body = b"<ofd:DocBody><ofd:DocRoot>Doc_1/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    return data.replace(b"</ofd:OFD>", body)


def _later_version() -> Recipe:
    return Recipe(
        root=lambda data: data.replace(b"Doc_0/Document.xml", b"Doc_0/Document_1.xml"),
        skip=frozenset({"OFD.xml"}),
        late=[("Doc_0/Document_1.xml", dict(unsealed_files())["Doc_0/Document.xml"])],
    )


def _other_scope(region: Region) -> bytes:
    seal_der = region.seal_der()
    return craft(region, Recipe(seal_der=seal_der, sign_over=lambda _: seal_der))


def _swapped_picture(region: Region) -> bytes:
    good = region.seal_der()
    at = good.index(b"IDAT") + 6
    return craft(region, Recipe(seal_der=good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]))


def _unknown_maker(region: Region) -> Made:
    root = issue("陌生根", "sm2_sm3", x509.ROOT)
    stranger = replace(region, maker=issue("陌生制章", "sm2_sm3", x509.SIGNER, root))
    return Made(craft(region, Recipe(seal_der=stranger.seal_der())), region.trust)


def _no_member(region: Region) -> bytes:
    other = issue("别局", "sm2_sm3", x509.SIGNER, region.ca)
    return craft(region, Recipe(seal_der=region.seal_der(members=(other.cert,))))


def _seal_of(start: datetime, end: datetime) -> Make:
    return lambda region: craft(region, Recipe(seal_der=region.seal_der(start=start, end=end)))


def _signed_by(profile: x509.Profile, end: datetime = END) -> Make:
    def make(region: Region) -> bytes:
        signer = issue("另证", "sm2_sm3", profile, region.ca, START, end)
        return craft(replace(region, signer=signer), Recipe())

    return make


def _late_maker(region: Region) -> Made:
    end = AT + timedelta(days=500)
    late = replace(region, maker=issue("晚制章", "sm2_sm3", x509.SIGNER, region.ca, END, end))
    return Made(craft(late, Recipe()), late.trust)


def revoked(region: Region, moment: datetime) -> Trust:
    """Return the region's trust with a list that revokes its signer from ``moment`` on."""
    ca = x509.parse(region.ca.cert)
    crl = x509.build_crl(
        issuer_raw=ca.subject_raw,
        issuer_spki=ca.spki,
        revoked=[(x509.parse(region.signer.cert).serial, moment)],
        number=1,
        this_update=AT,
        next_update=AT + DAY,
        algorithm=region.algorithm,
        sign=region.ca.sign,
    )
    return replace(region.trust, crls=(crl,))


def _revoked(moment: datetime) -> Make:
    return lambda region: Made(
        craft(region, Recipe()), revoked(region, moment), AT + timedelta(hours=2)
    )


def _revoked_after_proof(region: Region) -> Made:
    stamper = Stamper(authority(region), AT + timedelta(minutes=1), (region.ca.cert,))
    data = package.write(unsealed_files())
    stamped = seal(data, region.material(), PLACE, AT, region.signer.sign, timestamp=stamper)
    return Made(stamped, revoked(region, AT + HOUR), AT + timedelta(hours=2))


def _revoked_after_weak_proof(region: Region) -> Made:
    """The same proof, were its imprint not SHA-1."""

    def add(value: bytes) -> bytes:
        over = parse_signature(value).signature
        made = token(authority(region), over, AT + timedelta(minutes=1), imprint="sha1")
        return der.sequence(der.whole(value).content, der.tlv(0xA0, der.bits(made)))

    stamped = craft(region, Recipe(value=add))
    return Made(stamped, revoked(region, AT + HOUR), AT + timedelta(hours=2))


def _foreign_anchor(region: Region) -> Made:
    anchor = x509.parse(issue("外市根", "sm2_sm3", x509.ROOT).cert)
    return Made(craft(region, Recipe()), Trust(anchors=(anchor,)))


def _three_bytes(value: bytes) -> bytes:
    return der.sequence(der.whole(value).content, der.tlv(0xA0, der.bits(b"\x01\x02\x03")))


_EVERY = frozenset(dict(unsealed_files())) | {f"{OWN}/Seal.esl", LISTING}
_ENCIPHER = x509.Profile(frozenset({KeyUsage.KEY_ENCIPHERMENT}))
_BOTH = x509.Profile(frozenset({KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_CERT_SIGN}))

EXHIBITS: tuple[Exhibit, ...] = (
    Exhibit(0, "good", "", crafted(Recipe()), "accept"),
    Exhibit(1, "content-changed", "E_DIGEST_MISMATCH", rewritten(_changed)),
    Exhibit(2, "list-removed", "E_NO_SIGNATURE", crafted(Recipe(root=_without_list)), "unsigned"),
    Exhibit(
        3,
        "extra-file",
        "E_UNCOVERED_FILE",
        crafted(Recipe(late=[("Doc_0/Res/extra.png", b"x")])),
        archive="accept",
    ),
    Exhibit(4, "no-references", "E_EMPTY_REFERENCES", crafted(Recipe(skip=_EVERY))),
    *(
        Exhibit(
            5,
            f"{name}-not-covered",
            "E_PARTIAL_COVERAGE",
            crafted(Recipe(skip=frozenset({path}))),
            archive="accept",
        )
        for name, path in (
            ("root", "OFD.xml"),
            ("page", CONTENT),
            ("resources", "Doc_0/PublicRes.xml"),
        )
    ),
    Exhibit(6, "later-version", "E_UNSIGNED_VERSION", crafted(_later_version())),
    Exhibit(7, "second-document", "E_UNSIGNED_DOCBODY", crafted(Recipe(root=_second_body))),
    Exhibit(
        8,
        "description-changed",
        "E_DATAHASH_MISMATCH",
        crafted(Recipe(xml_after_signing=lambda data: data.replace(b"120 200", b"100 100"))),
    ),
    Exhibit(9, "signature-wrong", "E_SIGNATURE", crafted(Recipe(sign_over=lambda tbs: tbs + b"x"))),
    Exhibit(10, "signature-over-seal", "E_SIGNATURE_SCOPE", _other_scope),
    Exhibit(11, "picture-swapped", "E_SEAL_SIGNATURE", _swapped_picture),
    Exhibit(
        12,
        "other-seal-file",
        "E_SEAL_FILE_MISMATCH",
        crafted(Recipe(esl=lambda data: data + b"\x00")),
    ),
    Exhibit(13, "unknown-maker", "E_SEALMAKER_UNTRUSTED", _unknown_maker, "indeterminate"),
    Exhibit(14, "signer-not-on-seal", "E_SIGNER_NOT_IN_SEAL", _no_member),
    Exhibit(15, "seal-expired", "E_SEAL_EXPIRED", _seal_of(START, AT - DAY)),
    Exhibit(15, "seal-not-yet-valid", "E_SEAL_NOT_YET_VALID", _seal_of(AT + DAY, END)),
    Exhibit(16, "signer-expired", "E_SIGNER_CERT_EXPIRED", _signed_by(x509.SIGNER, AT - DAY)),
    Exhibit(17, "maker-window", "W_MAKER_CERT_WINDOW", _late_maker, "indeterminate", "accept"),
    Exhibit(18, "revoked-before", "E_REVOKED", _revoked(AT - DAY)),
    Exhibit(18, "revoked-later-unproven", "E_REVOKED", _revoked(AT + HOUR), "indeterminate"),
    Exhibit(18, "revoked-later-proven", "W_REVOKED_LATER", _revoked_after_proof, "accept"),
    Exhibit(
        18,
        "revoked-later-proven-by-sha1",
        "W_TIMESTAMP_WEAK",
        _revoked_after_weak_proof,
        "indeterminate",
    ),
    Exhibit(
        19,
        "no-anchor",
        "INDETERMINATE_CHAIN",
        lambda region: Made(craft(region, Recipe()), Trust()),
        "accept",
    ),
    Exhibit(19, "anchor-of-others", "INDETERMINATE_CHAIN", _foreign_anchor, "indeterminate"),
    Exhibit(
        19,
        "no-revocation-list",
        "INDETERMINATE_REVOCATION",
        lambda region: Made(craft(region, Recipe()), region.trust),
        "accept",
    ),
    Exhibit(20, "key-for-encryption", "E_KEY_USAGE", _signed_by(_ENCIPHER), "indeterminate"),
    Exhibit(20, "key-that-may-issue", "W_KEY_USAGE", _signed_by(_BOTH), "accept"),
    Exhibit(21, "no-timestamp", "W_NO_TIMESTAMP", crafted(Recipe()), "accept"),
    Exhibit(
        21, "timestamp-broken", "E_TIMESTAMP", crafted(Recipe(value=_three_bytes)), "indeterminate"
    ),
    Exhibit(22, "time-in-future", "E_TIME_IN_FUTURE", crafted(Recipe(at=AT + timedelta(days=3)))),
    Exhibit(22, "before-the-seal", "W_TIME_ORDER", crafted(Recipe(at=START - HOUR))),
)
