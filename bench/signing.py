"""Sealing and verifying against raw cryptography, stock pyHanko and the JVM's libraries.

One run, one core, CPU time, medians of interleaved rounds. ``make bench-signing``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import uharfbuzz

from bench.parties import AT, NAMES, Faces, Family, family, stock
from bench.timing import Work, medians, one_core
from certificates.faces.marks import Glyphs
from certificates.model import FaceValues, Template
from signing.algorithms.sm2_sm3 import provider, sm3
from signing.formats.batch import lay
from signing.policies import load
from signing.verify import inspect, judge

Row = dict[str, Any]
PDF_P256, PDF_SM2, OFD_SM2 = "PDF B-B, P-256", "PDF B-B, SM2", "OFD SES v4, SM2"
WARM = "OFD whose certificates and parts were seen before"


def row(measure: str, value: float, unit: str, bar: float | None = None) -> Row:
    """Return one line of the table."""
    holds = bar is None or value >= bar
    return {"measure": measure, "value": round(value, 2), "unit": unit, "bar": bar, "holds": holds}


def run() -> list[Row]:
    """Measure everything; what is missing on this machine is a line that says so."""
    from bench import signing_hub, signing_jvm

    one_core()
    p256, sm2 = family("ecdsa_p256"), family("sm2_sm3")
    pdf, ofd = Faces("pdf"), Faces("ofd")
    rows, costs = sealing(pdf, ofd, p256, sm2)
    checked, checks = verifying(pdf, ofd, p256, sm2)
    rows += signing_hub.rows(costs["stock"])
    return [*rows, *checked, *signing_jvm.rows(pdf, ofd, p256, sm2, costs | checks)]


def sealing(
    pdf: Faces, ofd: Faces, p256: Family, sm2: Family
) -> tuple[list[Row], dict[str, float]]:
    """Seal from templates, every signature verified on the finished file."""
    subset, by_stock = Subset(pdf), stock(p256)
    size = len(sealed(pdf, pdf.people(1)[0], p256))
    digest, value = bytes(32), sm2.signer.sign(bytes(32))
    proof = p256.signer.sign(digest)
    data = b"\x5a" * size

    def raw(characters: set[str]) -> None:
        hashlib.sha256(data).digest()
        p256.signer.sign(digest)
        assert p256.signer.method.verify_digest(p256.signer.spki, digest, proof)
        subset.of(characters)

    def raw_sm2(_: object) -> None:
        sm2.signer.sign(digest)
        assert sm2.signer.method.verify_digest(sm2.signer.spki, digest, value)

    def unsealed(count: int) -> list[bytes]:
        return [pdf.fill(item) for item in pdf.people(count)]

    works = [
        Work("stock", 6, unsealed, by_stock),
        Work(
            "raw P-256", 100, lambda count: [characters(pdf, one) for one in pdf.people(count)], raw
        ),
        Work("raw SM2", 40, lambda count: [None] * count, raw_sm2),
    ]
    cases = ((PDF_P256, pdf, p256), (PDF_SM2, pdf, sm2), (OFD_SM2, ofd, sm2))
    for name, faces, given in cases:
        own = name == PDF_P256
        works += [
            Work(name, 60, drawn(faces), lambda pair, a=(faces, given, own): sealed_face(pair, *a)),
            Work(f"{name} whole", 40, faces.people, lambda v, f=faces, g=given: sealed(f, v, g)),
        ]
    cost = medians(works)
    return _sealing_rows(cost, size), cost


def _sealing_rows(cost: dict[str, float], size: int) -> list[Row]:
    rows = [
        row("stock pyHanko seals a drawn face (same page, same seal)", 1 / cost["stock"], "1/s"),
        row(
            f"raw P-256: SHA-256({size // 1024} KiB) + sign + verify + font subset",
            1 / cost["raw P-256"],
            "1/s",
        ),
        row("raw SM2: libcrypto's sign + verify", 1 / cost["raw SM2"], "1/s"),
        row(f"{PDF_P256}: own font subset, sealed, verified", 1 / cost[PDF_P256], "1/s"),
        row(f"{PDF_P256} : stock pyHanko", cost["stock"] / cost[PDF_P256], "times", 100.0),
        row(f"{PDF_P256} : raw", cost["raw P-256"] / cost[PDF_P256], "share", 0.6),
    ]
    for name in (PDF_SM2, OFD_SM2):
        rows += [
            row(f"{name}: sealed, verified", 1 / cost[name], "1/s"),
            row(f"{name} : raw", cost["raw SM2"] / cost[name], "share", 0.7),
        ]
    for name in (PDF_P256, PDF_SM2, OFD_SM2):
        whole = cost[f"{name} whole"]
        rows.append(row(f"{name}: from the holder's values to the file", 1 / whole, "1/s"))
    times = cost["stock"] / cost[f"{PDF_P256} whole"]
    rows.append(row(f"{PDF_P256} from values : stock pyHanko's seal alone", times, "times"))
    return [*rows, row(*_provider(), "")]


def _provider() -> tuple[str, float]:
    name = provider()
    return f"SM2 by {name}; faster libraries in use", float("+" in name)


class Subset:
    """The font subset by uharfbuzz, whose face is kept open: the least that a file needs."""

    def __init__(self, faces: Faces) -> None:
        """Make a face of every character that occurs."""
        fixed = {c for one in faces.people(50) for c in characters(faces, one)}
        fonts = faces.press._fonts  # noqa: SLF001 - what the press draws with
        self._face = uharfbuzz.Face(fonts.embed(fixed | set(NAMES), "Bench").data)

    def of(self, wanted: set[str]) -> bytes:
        """Return the subset."""
        chosen = uharfbuzz.SubsetInput()
        chosen.sets(uharfbuzz.SubsetInputSets.UNICODE).update(map(ord, wanted))
        data: bytes = uharfbuzz.subset(self._face, chosen).blob.data
        return data


def template(faces: Faces) -> Template:
    """Return the compiled template of faces."""
    return faces.press._template(faces.kind, faces.format)  # noqa: SLF001 - to time its parts


def characters(faces: Faces, given: FaceValues) -> set[str]:
    """Return the characters that one certificate's own font needs."""
    layout: Any = template(faces)
    sheets = layout.layout.sheets(given)
    return {c for s in sheets for m in s.marks if isinstance(m, Glyphs) for c in m.text}


def drawn(faces: Faces) -> Any:
    """Return a source of drawn faces with the characters of their own fonts."""

    def inputs(count: int) -> Sequence[tuple[bytes, set[str]]]:
        return [(faces.fill(one), characters(faces, one)) for one in faces.people(count)]

    return inputs


def sealed_face(
    pair: tuple[bytes, set[str]],
    faces: Faces,
    given: Family,
    own: bool,  # noqa: FBT001 - a case of the table
) -> bytes:
    """Seal a drawn face, verified on the finished file. ``own``: and make its font."""
    unsealed, wanted = pair
    if own:
        faces.press._fonts._embed(sorted(wanted), "Bench")  # noqa: SLF001 - without what is kept
    return _sealed(faces, unsealed, given)


def sealed(faces: Faces, one: FaceValues, given: Family) -> bytes:
    """Do the same from the values on."""
    return _sealed(faces, faces.fill(one), given)


def _sealed(faces: Faces, unsealed: bytes, given: Family) -> bytes:
    laid = lay(faces.format, unsealed, given.material, faces.place, AT)
    assert laid is not None
    signature = given.signer.sign(laid.digest)
    data = laid.finish(signature)
    assert laid.holds(data, signature)
    return data


def verifying(
    pdf: Faces, ofd: Faces, p256: Family, sm2: Family
) -> tuple[list[Row], dict[str, float]]:
    """Judge our files in full, without what earlier verdicts left behind."""
    from signing.fence import Fence

    policy = load("certificate")
    files = {PDF_P256: (pdf, p256), OFD_SM2: (ofd, sm2)}
    data = {name: sealed(faces, faces.people(1)[0], own) for name, (faces, own) in files.items()}
    value = sm2.signer.sign(bytes(32))

    trust = {name: own.trust for name, (_, own) in files.items()}

    def full(name: str) -> None:
        if name == OFD_SM2:
            forget()
        verdict = judge(inspect(data[name]), policy, trust[name], AT)
        assert verdict.passed, verdict.codes

    def warm() -> None:
        assert judge(inspect(data[OFD_SM2]), policy, trust[OFD_SM2], AT).passed

    def floor(_: object) -> None:
        for _ in range(5):  # file, seal, signer's chain of two, maker's certificate
            sm2.signer.method.verify_digest(sm2.signer.spki, bytes(32), value)
        sm3(data[OFD_SM2])

    def none(count: int) -> list[None]:
        return [None] * count

    with Fence(workers=1) as fence:

        def fenced(name: str) -> None:
            evidence = fence.inspect(data[name])
            assert judge(evidence, policy, trust[name], AT).passed

        cost = medians(
            [
                Work("pyHanko", 6, none, by_pyhanko(data[PDF_P256], p256)),
                Work("floor", 20, none, floor),
                *(Work(name, 10, none, lambda _, n=name: full(n)) for name in files),
                Work(WARM, 10, none, lambda _: warm()),
                *(Work(f"{name} fenced", 6, none, lambda _, n=name: fenced(n)) for name in files),
            ]
        )
    checks = {PDF_P256: cost[PDF_P256], OFD_SM2: cost[WARM]}
    return _verifying_rows(cost), {f"verify {name}": value for name, value in checks.items()}


def forget() -> None:
    """Forget what earlier verdicts learnt: certificates, chains, keys, parts of packages."""
    from signing.algorithms import sm2_sm3
    from signing.checks.case import parsed
    from signing.formats.ofd.parts import known_parts
    from signing.x509 import chain, read

    kept = (parsed, read._certificate, chain._signed, sm2_sm3.z, sm2_sm3.point)  # noqa: SLF001 - caches
    for cache in (*kept, known_parts):
        cache.cache_clear()  # type: ignore[attr-defined] # all of them are caches


def _verifying_rows(cost: dict[str, float]) -> list[Row]:
    return [
        row("stock pyHanko validates our PDF", 1 / cost["pyHanko"], "1/s"),
        row(f"{PDF_P256}: full verdict, unfenced", 1 / cost[PDF_P256], "1/s"),
        row(f"{PDF_P256}: full verdict, fenced", 1 / cost[f"{PDF_P256} fenced"], "1/s"),
        row(f"{PDF_P256} verdict : pyHanko", cost["pyHanko"] / cost[PDF_P256], "times", 5.0),
        row("floor of an OFD: 5 SM2 verifications + SM3 of its bytes", 1 / cost["floor"], "1/s"),
        row(f"{OFD_SM2}: full verdict, unfenced, nothing known before", 1 / cost[OFD_SM2], "1/s"),
        row(f"{OFD_SM2}: full verdict, unfenced, warmed", 1 / cost[WARM], "1/s"),
        row(f"{OFD_SM2}: full verdict, fenced", 1 / cost[f"{OFD_SM2} fenced"], "1/s"),
        row(f"{OFD_SM2} verdict : floor", cost["floor"] / cost[OFD_SM2], "share", 0.5),
    ]


def by_pyhanko(data: bytes, given: Family) -> Any:
    """Return a function that validates a PDF with stock pyHanko."""
    import io

    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    roots = [x509.Certificate.load(given.root.cert)]

    def validate(_: object) -> None:
        (signature,) = PdfFileReader(io.BytesIO(data)).embedded_signatures
        context = ValidationContext(trust_roots=roots, moment=AT, allow_fetching=False)
        assert validate_pdf_signature(signature, context).bottom_line

    return validate
