"""What the benches of signing work with: throw-away keys, seals, faces and people that differ."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path

from certificates import numbering, typebook
from certificates.fonts import Fonts
from certificates.model import CertificateType, FaceValues, FieldSpec, Format
from certificates.press import FacePress
from signing import x509
from signing.algorithms import Algorithm, by_name
from signing.checks.case import Trust
from signing.drawing import Glyphs, RoundSeal, png, round_seal
from signing.model import SealMaterial
from signing.ses import build

AT = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)
KIND = "marriage"
NAMES = (
    "测试甲乙丙丁王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘"
    "于蒋蔡余杜叶程苏魏吕任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙"
)
_MM = 42.0


@dataclass(frozen=True, slots=True)
class Party:
    """A key and its certificate."""

    method: Algorithm
    private: bytes
    spki: bytes
    cert: bytes

    def sign(self, digest: bytes) -> bytes:
        """Sign a digest."""
        return self.method.sign_digest(self.private, digest)


@dataclass(frozen=True, slots=True)
class Family:
    """Root, CA and signer of one algorithm, and the signer's seal."""

    root: Party
    ca: Party
    maker: Party
    signer: Party
    material: SealMaterial

    @property
    def trust(self) -> Trust:
        """Return whom a verdict has to believe."""
        return Trust(
            anchors=(x509.parse(self.root.cert),),
            cas=(x509.parse(self.ca.cert),),
            seal_makers=(x509.parse(self.maker.cert),),
        )


def family(algorithm: str) -> Family:
    """Make throw-away parties of one algorithm."""
    root = _party(algorithm, "测速根 DEMO", x509.ROOT, None)
    ca = _party(algorithm, "测速签发 DEMO", x509.ISSUING_CA, root)
    maker = _party(algorithm, "测速制章人 DEMO", x509.SIGNER, ca)
    signer = _party(algorithm, "测速签章人 DEMO", x509.SIGNER, ca)
    return Family(root, ca, maker, signer, _material(ca, maker, signer))


def _party(algorithm: str, name: str, profile: x509.Profile, issuer: Party | None) -> Party:
    method = by_name(algorithm)
    private = method.generate()
    spki = method.public_key(private)
    own = Party(method, private, spki, b"")
    over = issuer or own
    cert = x509.build(
        subject=x509.Name(name, organization="示例市测速机构"),
        issuer_raw=x509.parse(issuer.cert).subject_raw if issuer else None,
        spki=spki,
        issuer_spki=over.spki,
        profile=profile,
        not_before=AT - timedelta(days=30),
        not_after=AT + timedelta(days=365),
        algorithm=algorithm,
        sign=over.sign,
    )
    return replace(own, cert=cert)


def _material(ca: Party, maker: Party, signer: Party) -> SealMaterial:
    info = build.seal_info(
        es_id="41010000000001",
        kind=1,
        name="示例市民政局",
        certificates=(signer.cert,),
        created=AT - timedelta(days=1),
        valid_from=AT - timedelta(days=1),
        valid_to=AT + timedelta(days=200),
        picture=build.Picture("PNG", picture(), round(_MM), round(_MM)),
        vid="BENCH",
    )
    value = maker.sign(maker.method.digest(info, maker.spki))
    seal = build.seal(info, maker.cert, maker.method.oid, value)
    name = signer.method.name
    return SealMaterial(
        "1", "示例市民政局", seal, signer.cert, (ca.cert,), name, picture(), _MM, _MM
    )


@cache
def picture() -> bytes:
    """Return a round official seal as it is drawn for authorities: 42 mm at 300 dpi."""
    font = Path(str(resources.files("pylopdf_fonts_zh_cn") / "NotoSerifSC-Regular.otf"))
    return png(round_seal(RoundSeal("示例市民政局", "演示专用章", _MM), Glyphs([font])), 300)


class Faces:
    """One compiled type and an endless supply of people, each drawn once."""

    def __init__(self, file_format: Format) -> None:
        """Compile the template."""
        self.kind: CertificateType = typebook.load()[KIND]
        self.press = FacePress(Fonts.load())
        self.format = file_format
        self.place = self.press.placement(self.kind, file_format)
        self._next = 0

    def people(self, count: int) -> list[FaceValues]:
        """Return the values of so many couples that nobody was before."""
        self._next += count
        return [values(self.kind, number) for number in range(self._next - count, self._next)]

    def fill(self, given: FaceValues) -> bytes:
        """Return the unsealed file."""
        return self.press.fill(self.kind, self.format, given)


def couple(kind: CertificateType, number: int) -> dict[str, str]:
    """Return a row of the register under the columns that the type's fields come from."""
    chance = random.Random(number)
    row = {kind.key: f"J410199-2026-{number:06d}", kind.number: f"J410199-2026-{number:06d}"}
    for spec in kind.fields:
        row[spec.column] = _word(spec, number, chance)
    for names, codes in zip(kind.holder.names, kind.holder.codes, strict=True):
        row.setdefault(names, "测试" + "".join(chance.sample(NAMES, 2)))
        row.setdefault(codes, f"4101991985{chance.randrange(10**8):08d}")
    return row


def _word(spec: FieldSpec, number: int, chance: random.Random) -> str:
    parts = spec.name.split("_")
    if "name" in parts:
        return "测试" + "".join(chance.sample(NAMES, 2))
    if "id" in parts:
        return f"4101991985{chance.randrange(10**8):08d}"
    if spec.kind == "date":
        return f"20{chance.randrange(10, 26)}-0{chance.randrange(1, 9)}-{10 + number % 18}"
    return f"测试{spec.title[:4]}"


def values(kind: CertificateType, number: int) -> FaceValues:
    """Return what differs from one certificate to the next as in life: names, numbers, serials."""
    chance = random.Random(number)
    serial = "".join(chance.choices("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=20))
    identifier = numbering.make(kind.code, kind.issuing_code, serial, 1)
    shown = f"J410199-2026-{number:06d}"
    fields = {spec.name: _word(spec, number, chance) for spec in kind.fields}
    metadata = {
        "ZZMC": kind.title,
        "ZZLXMC": kind.title,
        "ZZLXDM": kind.code,
        "ZZBH": shown,
        "ZZBS": identifier,
        "ZZBFJG": kind.issuing_org,
        "ZZBFJGDM": kind.issuing_code,
        "ZZBFRQ": "20260302",
        "CZZT": ",".join(text for name, text in fields.items() if "name" in name),
        "CZZTDM": ",".join(text for name, text in fields.items() if "id" in name),
        "CZZTDMLX": kind.holder.code_type_title,
        "CZZTDMLXDM": kind.holder.code_type,
        "ZZYXQQSRQ": "20260302",
        "ZZYXQJZRQ": "长期",
    }
    metadata |= {spec.extension: fields[spec.name] for spec in kind.fields if spec.extension}
    return FaceValues(
        number=shown,
        identifier=identifier,
        fields=fields,
        rows={},
        qr=f"https://hub.example/verify?id={identifier}",
        metadata=metadata,
        issued_at=AT,
    )


def stock(given: Family) -> Callable[[bytes], bytes]:
    """Return a function that signs a PDF with stock pyHanko: the same seal on the same page."""
    from asn1crypto import keys
    from asn1crypto import x509 as asn1
    from PIL import Image
    from pyhanko.pdf_utils.images import PdfImage
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, SimpleBoxLayoutRule
    from pyhanko.sign import PdfSignatureMetadata, fields, signers
    from pyhanko.stamp import StaticStampStyle
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    store = SimpleCertificateStore()
    store.register(asn1.Certificate.load(given.ca.cert))
    signer = signers.SimpleSigner(
        signing_cert=asn1.Certificate.load(given.signer.cert),
        signing_key=keys.PrivateKeyInfo.load(given.signer.private),
        cert_registry=store,
    )
    whole = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MID,
        y_align=AxisAlignment.ALIGN_MID,
        inner_content_scaling=InnerScaling.STRETCH_TO_FIT,
    )
    with Image.open(io.BytesIO(given.material.picture_png)) as drawn:
        style = StaticStampStyle(
            border_width=0,
            background=PdfImage(drawn.convert("RGBA"), name="Seal"),
            background_layout=whole,
            background_opacity=1.0,
        )
    maker = signers.PdfSigner(
        PdfSignatureMetadata(
            field_name="Seal1",
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        ),
        signer=signer,
        stamp_style=style,
        new_field_spec=fields.SigFieldSpec("Seal1", box=(414, 84, 533, 203)),
    )
    return lambda data: maker.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data))).getvalue()
