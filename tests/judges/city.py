"""A region that seals as a hub does, and one file of every kind that it makes.

Authority, seals, faces and sealer are the product's own; only the signer runs in this process. The
time is the wall clock's, because judges that are not ours judge as of now.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from certificates import typebook
from certificates.fonts import Fonts
from certificates.model import CertificateType, FaceValues, Format
from certificates.ports import SealIntent, SealOrder
from certificates.press import FacePress
from hub.rehearsal import ALGORITHM, Understudy, apply_seal
from hub.sealing import HubSealer
from kernel.clock import SystemClock
from kernel.ports import Transactions
from signing import store
from signing.authority import RegionalCA, sign_with
from signing.drawing import Glyphs
from signing.keystores import Options, open_store
from signing.ocsp_responder import Responder
from signing.ports import Purpose
from signing.seal_model import Region, Role, Seal, SealApplication
from signing.sealing import Ready, Sealing, Wanted
from signing.seals import SealService
from signing.signer.desk import Desk
from signing.signer.ledger import Ledger
from signing.trust import TrustList
from signing.x509 import build_crl
from storage.database import open_database
from storage.objects.folder import FolderObjects
from storage.probe import NoProbe
from tests.certificates.samples import ANNOTATION, values
from tests.judges.opinions import Kind
from tests.signing.world import approver, root

REGISTER, MARRIAGE = "household-register", "marriage"
FORM = {"ofd": "ses-v4", "pdf": "B-B"}
LONG = "测试长名字" * 4


@dataclass(frozen=True, slots=True)
class Sample:
    """A sealed file: ``kind`` is what stands in the table, ``path`` where the judges find it."""

    kind: str
    format: Format
    algorithm: str
    path: Path
    pages: int
    form: str
    """As ``Kind.form``."""
    closed: bool = True
    """False: further seals may follow, and until the last no strict verifier accepts it."""

    @property
    def known_by(self) -> Kind:
        form = self.form if self.closed else f"{self.form}, more to come"
        return Kind(self.format, self.algorithm, form)

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class City:
    """What a judge may know of the region: its certificates and its revocation list."""

    authority: RegionalCA
    sealer: HubSealer
    signer: Desk
    trust: TrustList
    folder: Path
    responder: Responder
    transactions: Transactions

    def certificate(self, role: Role, algorithm: str) -> bytes:
        return self.authority.current(role, algorithm).cert.der

    def root_crl(self, algorithm: str) -> bytes:
        """An empty revocation list of the root, without which some judges leave its CA undecided."""
        now, held = (
            SystemClock().now().replace(microsecond=0),
            self.authority.current(Role.ROOT, algorithm),
        )
        return build_crl(
            issuer_raw=held.cert.subject_raw,
            issuer_spki=held.cert.spki,
            revoked=[],
            number=1,
            this_update=now,
            next_update=now + timedelta(hours=24),
            algorithm=algorithm,
            sign=sign_with(self.signer, held.key, Purpose.ISSUE_CRL, f"crl.root.{algorithm}"),
        )

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


@contextmanager
def city(folder: Path) -> Iterator[City]:
    """Establish a region with one official seal for each body that issues."""
    clock = SystemClock()
    database = open_database(f"sqlite:///{folder / 'hub.db'}", clock, NoProbe())
    try:
        database.create(store.METADATA)
        desk = Desk(
            open_store("demo", Options(folder, "test")),
            Ledger(folder / "answers.db", clock, NoProbe()),
        )
        transactions = database.transactions
        region = Region("410100", "示例市", demo=True, ocsp="http://ocsp.example/ocsp")
        authority = RegionalCA(region=region, signer=desk, transactions=transactions, clock=clock)
        authority.establish(root())
        common: dict[str, Any] = {
            "transactions": transactions,
            "objects": FolderObjects(folder / "objects", NoProbe()),
            "signer": desk,
            "authority": authority,
            "clock": clock,
        }
        font = resources.files("pylopdf_fonts_zh_cn") / "NotoSerifSC-Regular.otf"
        seals = SealService(**common, glyphs=Glyphs([Path(str(font))]))
        for kind in typebook.load():
            _seal(seals, kind.issuing_code, kind.issuing_org)
        sealer = HubSealer(Sealing(**common), clock, Understudy())
        responder = Responder(
            signer=lambda: desk,
            authority=lambda: authority,
            transactions=transactions,
            clock=clock,
        )
        listed = authority.trust_list(1)
        yield City(authority, sealer, desk, listed, folder, responder, transactions)
    finally:
        database.close()


def samples(place: City) -> tuple[Sample, ...]:
    """Make both types in both formats: short, long, over several pages, annotated for a use."""
    book, press = typebook.load(), FacePress(Fonts.load([]))
    register, marriage = book[REGISTER], book[MARRIAGE]
    faces: tuple[tuple[str, str, FaceValues], ...] = (
        (REGISTER, "one member", values(register, rows=1)),
        (REGISTER, "forty members, continuation pages", values(register, rows=40)),
        (REGISTER, "annotated copy", values(register, annotation=ANNOTATION)),
        (MARRIAGE, "short values", values(marriage)),
        (MARRIAGE, "long values", values(marriage, **_long(marriage.name))),
        (MARRIAGE, "annotated copy", values(marriage, annotation=ANNOTATION)),
    )
    made = []
    for file_format in ("ofd", "pdf"):
        for number, (name, what, face) in enumerate(faces):
            kind = book[name]
            order = SealOrder(
                format=file_format,
                org=kind.issuing_code,
                seal="official",
                number=f"{face.number}-{number}-{file_format}",
                purpose="issue",
                at=SystemClock().now().replace(microsecond=0),
                placement=press.placement(kind, file_format),
            )
            sealed = place.sealer.seal(order, press.fill(kind, file_format, face))
            path = place.file(f"{number}-{name}.{file_format}", sealed)
            pages = 2 if "continuation" in what else 1
            made.append(
                Sample(
                    f"{file_format.upper()}, {name}, {what}",
                    file_format,
                    ALGORITHM[file_format],
                    path,
                    pages,
                    FORM[file_format],
                )
            )
    return (*made, _with_sm2(place, book[MARRIAGE], press))


def _with_sm2(place: City, kind: CertificateType, press: FacePress) -> Sample:
    """A PDF sealed with SM2, which the signing room makes though no certificate is issued so."""
    face, at = values(kind), SystemClock().now().replace(microsecond=0)
    where = press.placement(kind, "pdf")
    order = SealOrder("pdf", kind.issuing_code, "official", "sm2", "issue", at, where)
    intent = SealIntent("pdf", kind.issuing_code, "official", "", 1, "sha256:" + "0" * 64)
    sealer, (seal_id, _, approval) = place.sealer, place.sealer.declare(intent).partition("/")
    ready = sealer.sealing.ready(sealer.actor, seal_id, ["sm2_sm3"], [approval])
    assert isinstance(ready, Ready), ready

    def sign(digest: bytes) -> bytes:
        return sealer.sealing.signed(ready, [Wanted("sm2_sm3", approval, "sm2", digest)])[0]

    sealed = apply_seal(order, press.fill(kind, "pdf", face), ready.materials["sm2_sm3"], sign)
    path = place.file("sm2.pdf", sealed)
    return Sample(f"PDF with SM2, {kind.name}, short values", "pdf", "sm2_sm3", path, 1, "B-B")


def _long(name: str) -> dict[str, str]:
    kind = typebook.load()[name]
    return {spec.name: LONG for spec in kind.fields if spec.name.endswith("name")}


def _seal(seals: SealService, org: str, name: str) -> None:
    now = SystemClock().now().replace(microsecond=0)
    wanted = SealApplication(org, name, "410100", now, now + timedelta(days=365))
    applied = seals.apply(approver("staff:ann", org), wanted).value
    assert isinstance(applied, Seal), applied
    assert isinstance(seals.approve(approver("staff:bob", org), applied.seal_id).value, Seal)
