"""A throw-away region: root, CA, seal maker and signers in both algorithm families."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from signing import x509
from signing.algorithms import by_name
from signing.checks.case import Trust
from signing.formats.ofd import package
from signing.model import Placement, SealMaterial
from signing.ses import build

AT = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)
START, END = AT - timedelta(days=30), AT + timedelta(days=365)
PLACE = (Placement(0, 120.0, 200.0, 40.0, 40.0),)


@dataclass(frozen=True, slots=True)
class Party:
    """A key and its certificate."""

    algorithm: str
    private: bytes
    cert: bytes

    @property
    def spki(self) -> bytes:
        return by_name(self.algorithm).public_key(self.private)

    def sign(self, digest: bytes) -> bytes:
        return by_name(self.algorithm).sign_digest(self.private, digest)

    def sign_message(self, message: bytes) -> bytes:
        return self.sign(by_name(self.algorithm).digest(message, self.spki))


def issue(  # noqa: PLR0917 - reads best in order
    name: str,
    algorithm: str,
    profile: x509.Profile,
    issuer: Party | None = None,
    start: datetime = START,
    end: datetime = END,
) -> Party:
    """Make a key and have it certified, by itself without an issuer."""
    method = by_name(algorithm)
    private = method.generate()
    spki = method.public_key(private)
    signer = issuer or Party(algorithm, private, b"")
    cert = x509.build(
        subject=x509.Name(name, organization="示例市演示机构"),
        issuer_raw=x509.parse(issuer.cert).subject_raw if issuer else None,
        spki=spki,
        issuer_spki=signer.spki,
        profile=profile,
        not_before=start,
        not_after=end,
        algorithm=signer.algorithm,
        sign=signer.sign,
    )
    return Party(algorithm, private, cert)


def picture() -> bytes:
    """A red ring as PNG with alpha."""
    image = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
    for angle in range(80):
        image.putpixel((angle, 40), (220, 0, 0, 255))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Region:
    """All parties of one algorithm family."""

    algorithm: str
    root: Party
    ca: Party
    maker: Party
    signer: Party
    picture: bytes = field(default_factory=picture)

    @property
    def trust(self) -> Trust:
        return Trust(
            anchors=(x509.parse(self.root.cert),),
            cas=(x509.parse(self.ca.cert),),
            seal_makers=(x509.parse(self.maker.cert),),
        )

    def seal_der(
        self, *, start: datetime = START, end: datetime = END, members: tuple[bytes, ...] = ()
    ) -> bytes:
        info = build.seal_info(
            es_id="41010000000001",
            kind=1,
            name="示例市测试局",
            certificates=members or (self.signer.cert,),
            created=START,
            valid_from=start,
            valid_to=end,
            picture=build.Picture("PNG", self.picture, 40, 40),
            vid="TONGBAN",
        )
        method = by_name(self.maker.algorithm)
        return build.seal(info, self.maker.cert, method.oid, self.maker.sign_message(info))

    def material(self, seal_der: bytes | None = None) -> SealMaterial:
        return SealMaterial(
            seal_id="41010000000001",
            name="示例市测试局",
            seal_der=seal_der or self.seal_der(),
            certificate=self.signer.cert,
            chain=(self.ca.cert,),
            algorithm=self.algorithm,
            picture_png=self.picture,
            width_mm=40.0,
            height_mm=40.0,
        )


def make_region(algorithm: str) -> Region:
    root = issue("演示根 DEMO", algorithm, x509.ROOT)
    ca = issue("演示签发 DEMO", algorithm, x509.ISSUING_CA, root)
    maker = issue("演示制章 DEMO", algorithm, x509.SIGNER, ca)
    return Region(algorithm, root, ca, maker, issue("测试局 DEMO", algorithm, x509.SIGNER, ca))


@pytest.fixture(scope="session")
def sm2() -> Region:
    return make_region("sm2_sm3")


@pytest.fixture(scope="session")
def p256() -> Region:
    return make_region("ecdsa_p256")


NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'


def unsealed_files() -> list[tuple[str, bytes]]:
    """The smallest OFD document that readers open."""
    return [
        (
            "OFD.xml",
            f'<?xml version="1.0" encoding="UTF-8"?>\n<ofd:OFD {NS} Version="1.1" DocType="OFD">'
            "<ofd:DocBody><ofd:DocInfo><ofd:DocID>00000000000000000000000000000001</ofd:DocID>"
            "<ofd:Title>测试证照</ofd:Title><ofd:CustomDatas>"
            '<ofd:CustomData Name="ZZBS">1.2.156.3005.2.0000000000000000000.测试</ofd:CustomData>'
            "</ofd:CustomDatas></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
            "</ofd:DocBody></ofd:OFD>".encode(),
        ),
        (
            "Doc_0/Document.xml",
            f"<ofd:Document {NS}><ofd:CommonData><ofd:MaxUnitID>4</ofd:MaxUnitID><ofd:PageArea>"
            "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"
            "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData><ofd:Pages>"
            '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>'.encode(),
        ),
        ("Doc_0/PublicRes.xml", f'<ofd:Res {NS} BaseLoc="Res"/>'.encode()),
        (
            "Doc_0/Pages/Page_0/Content.xml",
            f'<ofd:Page {NS}><ofd:Content><ofd:Layer ID="2"><ofd:TextObject ID="4" Font="3" '
            'Size="3" Boundary="31 25 40 5"><ofd:TextCode X="0" Y="3">测试人员𠮷</ofd:TextCode>'
            "</ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>".encode(),
        ),
        ("Doc_0/Res/font_0.ttf", bytes(range(256)) * 8),
    ]


@pytest.fixture(scope="session")
def unsealed() -> bytes:
    return package.write(unsealed_files())


@pytest.fixture(scope="session")
def sealed(unsealed: bytes, sm2: Region) -> bytes:
    from signing.formats.ofd.seal import seal

    return seal(unsealed, sm2.material(), PLACE, AT, sm2.signer.sign)


Rebuild = Callable[..., bytes]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of files made by other software; tests are skipped by name where it is absent."""
    import os

    named = os.environ.get("TONGBAN_CORPUS")
    folder = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip("corpus of sealed files is not on this machine (TONGBAN_CORPUS)")
    return folder
