"""The room with real faces, real seals and real verdicts; only the signer runs in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from certificates import register_store
from certificates.fonts import Fonts
from certificates.issue import Issuer
from certificates.press import FacePress
from certificates.register import Register
from certificates.register_model import Certificate
from certificates.requests import Requests
from certificates.requests_model import CertificateAnswer, CertificateAsk
from certificates.store import METADATA as CERTIFICATES
from certificates.subjects import holder_ref
from certificates.verify import Kinship, Verify
from hub.judging import FencedInspector, HubJudge, TrustBook
from hub.rehearsal import Understudy
from hub.sealing import HubSealer
from kernel.actors import Actor, ActorKind, Reach
from kernel.clock import FixedClock
from kernel.errors import Refused, TongbanError
from signing import store as signing_store
from signing.authority import RegionalCA
from signing.drawing import Glyphs
from signing.fence import Fence
from signing.keystores import Options, open_store
from signing.ports import SignAnswer, SignRequest
from signing.seal_model import Region, Seal, SealApplication
from signing.sealing import Sealing
from signing.seals import SealService
from signing.signer.desk import Desk
from signing.signer.ledger import Ledger
from signing.trust import save
from storage.probe import NoProbe
from tests.certificates.doubles import (
    FATHER,
    Bench,
    make_bench,
    many_marriages,
    the_matters,
    the_types,
)
from tests.certificates.test_register import PUBLIC, NumberProofs
from tests.certificates.test_requests import AGENCY, OFFICE, SCHOOL_ASK
from tests.signing.world import approver, root


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return Fonts.load([])


@pytest.fixture
def bench(  # noqa: PLR0917 - the fixtures of a hub, in their usual order
    make_database: Any,
    objects: Any,
    vault: Any,
    clock: FixedClock,
    tmp_path: Path,
    fonts: Fonts,
) -> Bench:
    database = make_database(CERTIFICATES, signing_store.METADATA)
    desk = Desk(
        open_store("demo", Options(tmp_path, "test")),
        Ledger(tmp_path / "signer" / "answers.db", clock, NoProbe()),
    )
    transactions = database.transactions
    region = Region("410100", "示例市", demo=True)
    authority = RegionalCA(region=region, signer=desk, transactions=transactions, clock=clock)
    authority.establish(root())
    common: dict[str, Any] = {
        "transactions": transactions,
        "objects": objects,
        "signer": desk,
        "authority": authority,
        "clock": clock,
    }
    font = resources.files("pylopdf_fonts_zh_cn") / "NotoSerifSC-Regular.otf"
    seals = SealService(**common, glyphs=Glyphs([Path(str(font))]))
    for kind in the_types():
        _seal(seals, kind.issuing_code, kind.issuing_org, clock)
    save(authority.trust_list(1), tmp_path)
    plain = make_bench(transactions, objects, vault, clock, tmp_path)
    trust = TrustBook(tmp_path)
    bench = plain.with_tools(
        press=FacePress(fonts),
        sealer=HubSealer(Sealing(**common), clock, Understudy()),
        judge=HubJudge(tmp_path, trust),
    )
    bench.extra.update(database=database, trust=trust)
    return bench


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    fence = Fence(workers=1)
    yield fence
    fence.close()


def _seal(seals: SealService, org: str, name: str, clock: FixedClock) -> None:
    until = clock.now() + timedelta(days=365)
    wanted = SealApplication(org, name, "410100", clock.now(), until)
    applied = seals.apply(approver("staff:ann", org), wanted).value
    assert isinstance(applied, Seal)
    assert isinstance(seals.approve(approver("staff:bob", org), applied.seal_id).value, Seal)


def issued(bench: Bench, kind: str, key: str) -> Certificate:
    done = Issuer(bench.tools).issue(OFFICE, kind, key).value
    assert isinstance(done, Certificate), done
    return done


def test_both_types_are_sealed_verified_and_found_by_their_files(
    bench: Bench, fence: Fence, tmp_path: Path
) -> None:
    ones = [
        issued(bench, "household-register", "H0001"),
        issued(bench, "marriage", "J410199-2020-000001"),
    ]
    register = Register(bench.tools)
    database: Any = bench.extra["database"]
    trust: Any = bench.extra["trust"]
    verify = Verify(
        bench.tools,
        register=register,
        inspector=FencedInspector(tmp_path, trust, fence),
        journal=database.journal,
        proofs=NumberProofs(),
    )
    rights = {"certificates.read": Reach.SELF}
    ref = holder_ref(bench.tools.vault, "111", FATHER)
    holder = Actor("holder:1", ActorKind.HOLDER, rights=rights, holder=ref)
    for one in ones:
        for name in ("ofd", "pdf"):
            data = register.original(holder, one.id, name).value  # type: ignore[arg-type] # both are formats
            assert isinstance(data, bytes)
            answer = verify.file(PUBLIC, data, f"{one.type}.{name}")
            assert not isinstance(answer, Refused)
            assert answer.judgement.passed, answer.judgement
            assert answer.holds
            assert answer.kinship is Kinship.ORIGINAL
            middle = len(data) // 2
            changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
            broken = verify.file(PUBLIC, changed)
            assert not isinstance(broken, Refused)
            assert not broken.holds
            assert not broken.judgement.passed


def test_a_copy_is_sealed_too_and_says_what_it_is_for(
    bench: Bench, fence: Fence, tmp_path: Path
) -> None:
    issued(bench, "household-register", "H0001")
    requests = Requests(bench.tools, the_matters(), frozenset({"111"}))
    ask: CertificateAsk = replace(SCHOOL_ASK, formats=("ofd", "pdf"))
    answer = requests.fetch(AGENCY, ask).value
    assert isinstance(answer, CertificateAnswer), answer
    trust: Any = bench.extra["trust"]
    inspector = FencedInspector(tmp_path, trust, fence)
    now = bench.tools.clock.now()
    for copy in answer.copies:
        verdict = inspector.inspect(bench.tools.objects.get(copy.digest), "", "certificate", now)
        assert verdict.passed, verdict
        assert verdict.metadata is not None
        assert verdict.metadata["JZJZZSY"] == "核验适龄儿童入学资格（办件编号case-9）"
        assert verdict.metadata["JZJYXQJZSJ"] == "20260829090000"


def test_a_crash_after_sealing_seals_the_same_digest_again(bench: Bench) -> None:
    class Stopped(Exception):  # noqa: N818 - a power cut, not an error
        pass

    class Stopping:
        def durable(self, name: str) -> Any:
            if name == "certificates.seal":
                raise Stopped
            return NoProbe().durable(name)

    key = "J410199-2020-000001"
    with pytest.raises(Stopped):
        Issuer(bench.with_tools(probe=Stopping()).tools).issue(OFFICE, "marriage", key)
    done = Issuer(bench.tools).resume(OFFICE, idle=timedelta(0))
    assert not isinstance(done, Refused)
    assert [item.issued for item in done] == [1]


def test_a_batch_leaves_one_intent_for_each_format_and_one_result_for_each_certificate(
    bench: Bench,
) -> None:
    bench.source.rows = many_marriages(3)
    done = Issuer(bench.tools).issue_batch(OFFICE, "marriage")
    assert not isinstance(done, Refused)
    assert [item.issued for item in done] == [3]
    transactions, database = bench.tools.transactions, bench.extra["database"]
    journal: Any = database.journal  # type: ignore[attr-defined] # a Database
    page = transactions.read(
        lambda tx: register_store.issued_page(tx, kind="", issuer="", after="", limit=100)
    )
    sealer: Any = bench.tools.sealer
    one = page[0].certificate
    seal = sealer.sealing.find(one.issuer, one.type)
    rows = transactions.read(lambda tx: journal.about(tx, seal.seal_id))
    declared = [json.loads(row.body) for row in rows if row.kind == "signing.seal-declared"]
    assert len(declared) == 2
    text = json.dumps(declared)
    assert text.count('"count": 3') == 2
    assert "seal-ofd" in text
    assert "seal-pdf" in text
    for draft in page:
        told = transactions.read(lambda tx, key=draft.certificate.id: journal.about(tx, key))
        assert [row.kind for row in told].count("certificates.issued") == 1


def test_a_batch_is_sealed_by_few_questions_and_every_file_passes_in_full(bench: Bench) -> None:
    bench.source.rows = many_marriages(23)
    sealer: Any = bench.tools.sealer
    asked: list[int] = []
    desk = sealer.sealing._signer
    own = desk.sign_many
    desk.sign_many = lambda requests: asked.append(len(requests)) or own(requests)
    done = Issuer(bench.tools).issue_batch(OFFICE, "marriage")
    assert not isinstance(done, Refused)
    assert [item.issued for item in done] == [23]
    assert asked == [46], "one question for both formats"
    transactions = bench.tools.transactions
    page = transactions.read(
        lambda tx: register_store.issued_page(tx, kind="", issuer="", after="", limit=100)
    )
    ids = [draft.certificate.id for draft in page]
    files = transactions.read(lambda tx: register_store.files(tx, ids, "original"))
    for item in (item for found in files.values() for item in found):
        data = bench.tools.objects.get(item.digest)
        assert bench.tools.judge.judge(data, bench.tools.clock.now()).passed


def test_a_signer_that_errs_once_stops_the_batch_before_anything_counts(bench: Bench) -> None:
    bench.source.rows = many_marriages(60)
    sealer: Any = bench.tools.sealer
    desk = sealer.sealing._signer
    own = desk.sign_many

    def erring(requests: Sequence[SignRequest]) -> tuple[SignAnswer | Refused, ...]:
        answers = list(own(requests))
        answers[37], answers[38] = answers[38], answers[37]
        return tuple(answers)

    desk.sign_many = erring
    with pytest.raises(TongbanError, match="seal-rejected"):
        Issuer(bench.tools).issue_batch(OFFICE, "marriage")
    desk.sign_many = own
    done = Issuer(bench.tools).resume(OFFICE, idle=timedelta(0))
    assert not isinstance(done, Refused)
    assert [item.issued for item in done] == [60]
