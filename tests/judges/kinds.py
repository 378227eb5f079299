"""Kinds of file that the signing room makes and the certificates of the city do not show.

Every algorithm and level of PDF, and what OFD knows besides one seal: several seals, seams,
signatures without a picture, the newer seal. Signers' keys are made here, certified by the city.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from certificates import typebook
from certificates.fonts import Fonts
from certificates.ports import SealIntent, SealOrder
from certificates.press import FacePress
from kernel.clock import SystemClock
from kernel.ports import Event, Tx
from signing import store, x509
from signing.algorithms import by_name
from signing.archiving import material as validation_data
from signing.archiving import raised
from signing.authority import sign_with
from signing.formats.batch import lay
from signing.formats.ofd.seal import seal as seal_ofd
from signing.formats.ofd.seam import strips
from signing.formats.ofd.sign import sign as sign_ofd
from signing.formats.pdf.seal import seal as seal_pdf
from signing.formats.pdf.seal import seal_by_library
from signing.model import Placement, SealMaterial
from signing.ports import Purpose
from signing.seal_model import IssuedCertificate, Role
from signing.ses import build
from signing.ses.signed_data import Form
from signing.time.authority import TimeStampAuthority
from signing.x509.write import serial
from tests.certificates.samples import values
from tests.judges.city import MARRIAGE, City, Sample
from tests.signing.world import root
from tests.signing_formats.conftest import Party, picture
from tests.signing_formats.test_ofd_several_seals import pages

TITLES = {
    "ecdsa_p256": "P-256",
    "sm2_sm3": "SM2",
    "ecdsa_p384": "P-384",
    "rsa_pkcs1_2048": "RSA-2048 PKCS #1",
    "rsa_pss_2048": "RSA-2048 PSS",
    "rsa_pkcs1_3072": "RSA-3072 PKCS #1",
    "rsa_pss_3072": "RSA-3072 PSS",
    "rsa_pkcs1_4096": "RSA-4096 PKCS #1",
    "rsa_pss_4096": "RSA-4096 PSS",
}
LEVELLED = ("ecdsa_p256", "sm2_sm3", "rsa_pss_3072")
"""Families whose files are raised to every level."""
OCSP_ALONE = ", status by OCSP alone"
"""The CA's list is left out; the root's, which has no responder, is there."""
V4, V5, GBT = "ses-v4", "ses-v5", "gbt35275"


@dataclass(frozen=True)
class Workshop:
    """Seals with keys of its own under the city's authority."""

    city: City

    @cached_property
    def at(self) -> datetime:
        return SystemClock().now().replace(microsecond=0)

    @cached_property
    def press(self) -> FacePress:
        return FacePress(Fonts.load([]))

    @cached_property
    def stamps(self) -> TimeStampAuthority:
        city = self.city
        return TimeStampAuthority(
            signer=city.signer, certificates=city.authority, clock=SystemClock()
        )

    def face(self, file_format: str) -> tuple[bytes, Placement]:
        """An unsealed certificate of ours, which the quick paths know, and its seal's place."""
        kind = typebook.load()[MARRIAGE]
        form = "ofd" if file_format == "ofd" else "pdf"
        return self.press.fill(kind, form, values(kind)), self.press.placement(kind, form)

    def party(self, algorithm: str) -> Party:
        """A key of any algorithm, certified by the city's CA of SM2 or of P-256."""
        family = "sm2_sm3" if algorithm == "sm2_sm3" else "ecdsa_p256"
        issuer = self.city.authority.current(Role.CA, family)
        method = by_name(algorithm)
        private, number = method.generate(), serial()
        cert = x509.build(
            subject=x509.Name("测试局 DEMO", organization="示例市演示机构"),
            issuer_raw=issuer.cert.subject_raw,
            spki=method.public_key(private),
            issuer_spki=issuer.cert.spki,
            profile=x509.SIGNER,
            not_before=self.at - timedelta(hours=1),
            not_after=self.at + timedelta(days=90),
            algorithm=family,
            sign=sign_with(
                self.city.signer, issuer.key, Purpose.ISSUE_CERTIFICATE, f"x509.{number:x}"
            ),
            number=number,
            ocsp=self.city.authority.region.ocsp,
        )
        self._known(IssuedCertificate(x509.parse(cert), Role.SEAL, algorithm, "", "", self.at))
        return Party(algorithm, private, cert)

    def _known(self, issued: IssuedCertificate) -> None:
        """Enter a certificate in the CA's register, so that the responder knows it."""

        def work(tx: Tx) -> None:
            store.add_certificate(tx, issued)
            tx.record(Event("signing.certificate-issued", f"{issued.cert.serial:x}", root()))

        self.city.transactions.write(work)

    def material(self, party: Party, version: int = 4) -> SealMaterial:
        """What sealing needs; the seal itself is made by the city's seal maker."""
        family = "sm2_sm3" if party.algorithm == "sm2_sm3" else "ecdsa_p256"
        return SealMaterial(
            seal_id="41010000000001",
            name="示例市测试局",
            seal_der=self._seal(party, version) if family == "sm2_sm3" else b"",
            certificate=party.cert,
            chain=(self.city.certificate(Role.CA, family),),
            algorithm=party.algorithm,
            picture_png=picture(),
            width_mm=40.0,
            height_mm=40.0,
        )

    def _seal(self, party: Party, version: int) -> bytes:
        made, end = self.at - timedelta(minutes=30), self.at + timedelta(days=60)
        info = build.seal_info(
            es_id="41010000000001",
            kind=1,
            name="示例市测试局",
            certificates=(party.cert,),
            created=made,
            valid_from=made,
            valid_to=end,
            picture=build.Picture("PNG", picture(), 40, 40),
            vid="TONGBAN",
            version=version,
        )
        maker, method = (
            self.city.authority.current(Role.SEAL_MAKER, "sm2_sm3"),
            by_name("sm2_sm3"),
        )
        sign = sign_with(
            self.city.signer, maker.key, Purpose.MAKE_SEAL, f"seal.{version}.{serial():x}"
        )
        value = sign(method.digest(info, maker.cert.spki))
        return build.seal(info, maker.cert.der, method.oid, value)

    def sample(self, kind: str, data: bytes, algorithm: str, form: str, **more: int) -> Sample:
        """Write a file under the name that its kind gives it."""
        file_format = "ofd" if kind.startswith("OFD") else "pdf"
        name = "".join(letter if letter.isalnum() else "-" for letter in kind)
        path = self.city.file(f"{name}.{file_format}", data)
        return Sample(kind, file_format, algorithm, path, 1, form, **more)


def more(city: City) -> Iterator[Sample]:
    """Make a file of each further kind."""
    shop = Workshop(city)
    yield from _batches(shop)
    for algorithm in TITLES:
        yield from _pdf(shop, algorithm)
    yield from _ofd(shop)


def _batches(shop: Workshop) -> Iterator[Sample]:
    """Certificates sealed as a batch: one question to the signer, files written from forms."""
    kind = typebook.load()[MARRIAGE]
    for file_format, algorithm in (("ofd", "sm2_sm3"), ("pdf", "ecdsa_p256")):
        unsealed, place = shop.face(file_format)
        form = "ofd" if file_format == "ofd" else "pdf"
        intent = SealIntent(form, kind.issuing_code, "official", "", 2, "sha256:" + "0" * 64)
        approval = shop.city.sealer.declare(intent)
        orders = [
            SealOrder(
                format=form,
                org=kind.issuing_code,
                seal="official",
                number=f"batch-{number}-{form}",
                purpose="issue",
                at=shop.at,
                placement=place,
                approval=approval,
            )
            for number in range(2)
        ]
        made = shop.city.sealer.seal_many(orders, [unsealed] * 2)
        assert all(item.proven for item in made)
        what = f"{form.upper()}, {MARRIAGE}, one of a batch"
        yield shop.sample(what, made[1].data, algorithm, V4 if form == "ofd" else "B-B")


def _pdf(shop: Workshop, algorithm: str) -> Iterator[Sample]:
    """PDF of one algorithm: by the form, by the library, and at every level."""
    party = shop.party(algorithm)
    material, title = shop.material(party), f"PDF with {TITLES[algorithm]}"
    unsealed, place = shop.face("pdf")
    laid = lay("pdf", unsealed, material, place, shop.at)
    assert laid, "our own faces are written from a form"
    yield shop.sample(f"{title}, B-B", laid.finish(party.sign(laid.digest)), algorithm, "B-B")
    if algorithm not in LEVELLED:
        return
    family = "sm2_sm3" if algorithm == "sm2_sm3" else "ecdsa_p256"
    given = (unsealed, material, [place], shop.at, party.sign)
    yield shop.sample(f"{title}, B-B by the library", seal_by_library(*given), algorithm, "B-B")
    stamped = seal_pdf(*given, timestamp=shop.stamps)
    yield shop.sample(f"{title}, B-T", stamped, algorithm, "B-T")
    full = validation_data(shop.city.authority, shop.city.responder, family, party.cert)
    for what, material_kept in (("", full), (OCSP_ALONE, replace(full, crls=full.crls[1:]))):
        for level in ("B-LT", "B-LTA"):
            found = raised(
                stamped,
                "pdf",
                level,
                timestamps=shop.stamps,
                algorithm=family,
                material=material_kept,
            )
            yield shop.sample(f"{title}, {level}{what}", found, algorithm, level)


def _ofd(shop: Workshop) -> Iterator[Sample]:
    """OFD with what certificates do not need."""
    party = shop.party("sm2_sm3")
    material = shop.material(party)
    unsealed, place = shop.face("ofd")

    def sealed(data: bytes, *, later: bool = False, using: SealMaterial = material) -> bytes:
        return seal_ofd(data, using, (place,), shop.at, party.sign, later=later)

    def signed(form: Form, *, later: bool = False) -> bytes:
        chain = (party.cert, *material.chain)
        return sign_ofd(unsealed, chain, shop.at, party.sign, form, later=later)

    def sample(what: str, data: bytes, *form: str, **more: int) -> Sample:
        return shop.sample(f"OFD, {what}", data, "sm2_sm3", ", ".join(form), **more)

    waiting = sealed(unsealed, later=True)
    yield sample("signature, content attached", signed(Form.ATTACHED), GBT)
    yield sample("signature, attributes", signed(Form.ATTRIBUTES), GBT)
    yield sample("seal that later ones may follow", waiting, V4, closed=False)
    yield sample("two seals, the second closing", sealed(waiting), V4, V4)
    first = signed(Form.ATTRIBUTES, later=True)
    yield sample("signature closed by a seal", sealed(first), GBT, V4)
    newer = sealed(unsealed, using=shop.material(party, 5))
    yield sample("seal of GM/T 0031-2025", newer, V5)
    stamped = seal_ofd(unsealed, material, (place,), shop.at, party.sign, timestamp=shop.stamps)
    yield sample("seal with a time stamp", stamped, V4)
    seam = strips(material, [210.0] * 5, 100.0)
    data = seal_ofd(pages(5), material, seam, shop.at, party.sign)
    yield sample("seam seal over five pages", data, V4)
