"""A newborn's case whose mother lives, and was married, in the other city: two hubs, one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from certificates.exchange import asking
from certificates.guardianship import PopulationGuardianship
from certificates.issue import Issuer
from certificates.register_model import Certificate
from hub.intaking import BothFetch, PeerRegions, StepResults
from hub.wiring import Hub
from intake.cases import Cases
from intake.desk import Desk
from intake.model import Case, CaseState, MaterialRecord, Opening, Report, StepState, WayKind
from kernel.actors import Actor, ActorKind, Reach, system
from kernel.errors import Refused
from kernel.ids import CaseId
from signing.seal_model import Seal, SealApplication
from tests.certificates.doubles import MemorySource, birth, make_bench, marriage, person
from tests.exchange.conftest import ASKER, HOME, Border, free_port, write_peer
from tests.exchange.proxy import Part

WINDOW = "11410100MB0TE0011Q"
HANDLES = f'{{birth-certificate = ["{WINDOW}"], birth-registration = ["{WINDOW}"]}}'
DAD, MUM = "410199185601020011", "410199185702030029"
PAPER, BIRTH = "birth-certificate", "birth-registration"
ABROAD = ((PAPER, "other-identity"), (PAPER, "parents-marriage"))
CLERK = Actor(
    "staff:7",
    ActorKind.STAFF,
    org=WINDOW,
    rights={
        "certificates.request": Reach.ALL,
        "intake.open": Reach.ORG,
        "intake.read": Reach.ORG,
        "intake.fulfil": Reach.ORG,
    },
)


@dataclass
class Family:
    """The window's side, and where everything of this family lies."""

    border: Border
    cases: Cases
    source: MemorySource
    child: str

    def opened(self, region: str = HOME) -> CaseId:
        regions = {"other": region} if region else {}
        found = self.cases.open(CLERK, Opening("newborn", self.child, DAD, regions)).value
        assert isinstance(found, Case), found
        return found.id

    def met(self, key: CaseId) -> Case:
        found = self.cases.meet(CLERK, key).value
        assert isinstance(found, Case), found
        return found

    def served(self, kind: str = "request-served") -> list[dict[str, Any]]:
        return self.border.events(self.border.home, kind)


def sealed(hub: Hub, org: str, name: str) -> None:
    """Make a body's official seal, applied for by one and approved by another."""
    rights = ("signing.seal-apply", "signing.seal-read")
    now = hub.clock.now().replace(microsecond=0)
    times = (now - timedelta(hours=1), now + timedelta(days=365))
    wanted = SealApplication(org, name, hub.settings.region, *times)
    applied = hub.seals.apply(system("applicant", HOME, rights), wanted).value
    assert isinstance(applied, Seal)
    approver = system("approver", HOME, ("signing.seal-approve",))
    assert isinstance(hub.seals.approve(approver, applied.seal_id).value, Seal)


@pytest.fixture(scope="module")
def mothers_papers(whole_border: Border) -> tuple[Certificate, ...]:
    """The mother's household and the marriage, issued where she lives."""
    home = whole_border.home
    rows = home.tools.source.rows  # type: ignore[attr-defined] # the tests' source
    rows["population"].append(
        person(MUM, "测试己", household_number="H0009", relation="02", sex="2")
    )
    rows["marriage"].append(
        marriage("J410399-2021-000009", DAD, MUM) | {"male_name": "测试戊", "female_name": "测试己"}
    )
    registry = home.typebook.types["marriage"]
    sealed(home, registry.issuing_code, registry.issuing_org)
    issue = system("issue", HOME, ("certificates.issue",))
    made = [
        Issuer(home.tools).issue(issue, kind, key).value
        for kind, key in (("household-register", "H0009"), ("marriage", "J410399-2021-000009"))
    ]
    assert all(isinstance(one, Certificate) for one in made), made
    return tuple(one for one in made if isinstance(one, Certificate))


@pytest.fixture
def family(
    border: Border, mothers_papers: tuple[Certificate, ...], request: Any, tmp_path: Any
) -> Iterator[Family]:
    assert len(mothers_papers) == 2
    write_peer(border.home, border.asker, handles=HANDLES)
    hub = border.asker
    child = f"41019920260101{abs(hash(request.node.name)) % 9999:04d}"
    rows = {
        "population": [
            person(DAD, "测试戊", household_number=f"H{child[-4:]}5", relation="02"),
            person(
                child,
                "测试庚",
                household_number=f"H{child[-4:]}5",
                registration="0",
                guardian1_id=DAD,
                guardian2_id=MUM,
            ),
        ],
        "marriage": [],
        "births": [
            birth(f"U09{child[-6:]}", "测试庚", MUM, DAD)
            | {"mother_name": "测试己", "father_name": "测试戊"}
        ],
    }
    transactions = hub.database.transactions
    bench = make_bench(transactions, hub.objects, hub.vault, hub.clock, tmp_path, rows)
    stand_in: Any = SimpleNamespace(
        tools=bench.tools, issuer=Issuer(bench.tools), settings=hub.settings
    )
    cases = Cases(
        Desk(
            transactions=transactions,
            objects=hub.objects,
            vault=hub.vault,
            clock=hub.clock,
            journeys=hub.journeys,
            matters=hub.matters,
            source=bench.source,
            guardianship=PopulationGuardianship(bench.source),
            fetch=BothFetch(hub),
            consents=hub.grants,
            regions=PeerRegions(hub.settings.root),
            results=StepResults(stand_in),
            probe=bench.tools.probe,
            division=ASKER,
        )
    )
    yield Family(border, cases, bench.source, child)
    directory = border.home.settings.root
    assert directory.exists()


def material(found: Case, place: tuple[str, str]) -> MaterialRecord:
    record = found.material(*place)
    assert record is not None
    return record


def test_papers_of_both_cities_close_a_case_and_both_logs_name_each_other(family: Family) -> None:
    key = family.opened()
    found = family.met(key)
    leaves = family.border.leaves(family.border.home)
    for place in (*ABROAD, (BIRTH, "other-household"), (BIRTH, "other-identity")):
        record = material(found, place)
        evidence = record.evidence
        assert record.way is WayKind.CERTIFICATE, record
        assert evidence is not None
        assert evidence.peer is not None
        assert (evidence.region, evidence.basis) == (HOME, "cross-region-35")
        assert leaves[evidence.peer.leaf] == "certificates.request-served"
        assert evidence.journal
    values = {(item.step, item.name): item.value for item in found.fields}
    assert values[BIRTH, "other_name"] == "测试己", "from the book of the other city"
    assert values[BIRTH, "marriage_date"] == "2020-05-20"
    asked = [item for item in family.served() if item["case"] == key]
    assert sorted(item["type"] for item in asked) == ["household-register"] * 3 + ["marriage"] * 2
    assert {item["basis"] for item in asked} == {"cross-region-35"}
    done = walked(family, key)
    assert done.state is CaseState.DONE
    report = family.cases.report(CLERK, key)
    assert isinstance(report, Report)
    assert (report.brought, report.promised, report.open) == ((), (), ())
    regions = [item.evidence.region for item in report.saved if item.evidence]
    assert regions.count(HOME) == 5
    assert regions.count(ASKER) == len(regions) - 5 > 5


def walked(family: Family, key: CaseId) -> Case:
    """Fill, hand in and grant whatever is ready; the register delivers when it is waited for."""
    found = family.met(key)
    for _ in range(4):
        for item in found.steps:
            if item.state is not StepState.READY:
                continue
            typed = {
                BIRTH: {"relation_to_head": "女", "guardian_phone": "100-0000"},
                "birth-expenses": {"bank_account": "6200000000"},
            }.get(item.code, {})
            assert isinstance(family.cases.fill(CLERK, key, item.code, typed).value, Case)
            handed = family.cases.submit(CLERK, key, item.code).value
            assert isinstance(handed, Case), (item.code, handed, family.cases.gaps(CLERK, key))
            matter = family.border.asker.matters.get(
                family.border.asker.journeys.journeys["newborn"].step(item.code).matter  # type: ignore[union-attr] # it exists
            )
            rights = {"intake.decide": Reach.ORG}
            org = matter.org if matter else ""
            officer = Actor("staff:9", ActorKind.STAFF, org=org, rights=rights)
            number = "" if item.code in {PAPER, BIRTH} else "NO-1"
            made = family.cases.conclude(officer, key, item.code, granted=True, result_no=number)
            assert isinstance(made.value, Case), made.value
        for row in family.source.rows["population"]:
            row["registration"] = "1"
        again = family.cases.read(CLERK, key)
        assert isinstance(again, Case)
        if again.state is not CaseState.OPEN:
            return again
        found = family.met(key)
    return found


def down(family: Family) -> None:
    address = f'"http://127.0.0.1:{free_port()}"'
    write_peer(family.border.asker, family.border.home, address=address)


def cut(answer: bytes) -> list[Part]:
    return [(0.0, answer[: len(answer) // 2])]


def silent(_answer: bytes) -> Iterator[Part]:
    yield 4.0, b""


def test_a_peer_that_is_down_is_named_at_each_paper_and_found_again_later(family: Family) -> None:
    down(family)
    key = family.opened()
    found = family.met(key)
    for place in ABROAD:
        tried = [item for item in material(found, place).tried if item.region == HOME]
        assert [(item.code, item.params["origin"]) for item in tried] == [
            ("peer-unreachable", HOME)
        ]
    codes = [(item.way, item.code) for item in material(found, ABROAD[1]).tried]
    assert codes[-1] == (WayKind.DATA, "no-record"), "the other ways were still tried"
    own = material(found, (BIRTH, "household-register"))
    assert own.way, "this city's papers do not need the line"
    failed = family.border.events(family.border.asker, "exchange-failed")
    mine = [item for item in failed if item["code"] == "peer-unreachable"]
    assert mine, "a dead line is recorded"
    gaps = family.cases.gaps(CLERK, key)
    assert not isinstance(gaps, Refused)
    assert {gap.detail for gap in gaps if gap.item == "parents-marriage"} == {"peer-unreachable"}
    write_peer(family.border.asker, family.border.home)
    again = family.met(key)
    assert all(material(again, place).way is WayKind.CERTIFICATE for place in ABROAD)


@pytest.mark.parametrize("manner", [cut, silent])
def test_an_answer_that_never_arrived_is_asked_for_again_and_used_once(
    family: Family, manner: Callable[[bytes], Any]
) -> None:
    key = family.opened()
    family.border.proxy.behave(manner)
    asked = len(family.border.proxy.asked)
    found = family.met(key)
    assert len(family.border.proxy.asked) == asked + 1, "one dead line costs its time limit once"
    assert not material(found, ABROAD[0]).way
    family.border.proxy.behave()
    again = family.met(key)
    assert material(again, ABROAD[0]).way is WayKind.CERTIFICATE
    mine = [item for item in family.served() if item["case"] == key]
    assert sorted(item["type"] for item in mine) == ["household-register"] * 3 + ["marriage"] * 2


def test_a_round_cut_short_repeats_its_questions_and_doubles_none(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = family.opened()
    with monkeypatch.context() as patched:
        patched.setattr("intake.store.save_material", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            family.cases.meet(CLERK, key)
    repeated = len(family.served("request-repeated"))
    found = family.met(key)
    assert material(found, ABROAD[0]).way is WayKind.CERTIFICATE
    mine = [item for item in family.served() if item["case"] == key]
    assert len(mine) == 5
    assert len(family.served("request-repeated")) == repeated + 5


def test_a_peer_that_refuses_is_quoted(family: Family) -> None:
    write_peer(family.border.home, family.border.asker)
    found = family.met(family.opened())
    tried = [item for item in material(found, ABROAD[1]).tried if item.region == HOME]
    assert [(item.code, item.params["origin"]) for item in tried] == [("matter-unknown", HOME)]


def test_another_certificate_than_was_asked_for_meets_nothing(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = asking.wire.read_reply

    def other(body: bytes) -> Any:
        reply = true(body)
        if reply.answer is None:
            return reply
        status = replace(reply.answer.status, type="real-estate")
        return replace(reply, answer=replace(reply.answer, status=status))

    monkeypatch.setattr(asking.wire, "read_reply", other)
    found = family.met(family.opened())
    for place in ABROAD:
        tried = [item for item in material(found, place).tried if item.region == HOME]
        assert [(item.code, item.params["part"]) for item in tried] == [
            ("peer-answer-other", "type")
        ]


def test_a_certificate_of_other_people_meets_nothing(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = asking.wire.read_reply

    def other(body: bytes) -> Any:
        reply = true(body)
        if reply.answer is None or "male_id" not in reply.answer.fields:
            return reply
        fields = {**reply.answer.fields, "male_id": "410199185812120017"}
        return replace(reply, answer=replace(reply.answer, fields=fields))

    monkeypatch.setattr(asking.wire, "read_reply", other)
    found = family.met(family.opened())
    tried = [item for item in material(found, ABROAD[1]).tried if item.region == HOME]
    assert [item.code for item in tried] == ["values-differ"]
    assert material(found, ABROAD[0]).way is WayKind.CERTIFICATE


def test_nobody_is_asked_while_nobody_knows_where_the_mother_is_registered(
    family: Family,
) -> None:
    asked = len(family.border.proxy.asked)
    key = family.opened("")
    found = family.met(key)
    assert len(family.border.proxy.asked) == asked
    assert {"region-unsaid"} <= {item.code for item in material(found, ABROAD[1]).tried}
    wrong = family.cases.settle(CLERK, key, {"other": "410500"}).value
    assert wrong == Refused("region-unknown", {"region": "410500"})
    assert isinstance(family.cases.settle(CLERK, key, {"other": HOME}).value, Case)
    assert material(family.met(key), ABROAD[1]).way is WayKind.CERTIFICATE


def test_opening_again_says_the_region_that_was_forgotten(family: Family) -> None:
    first = family.opened("")
    assert family.opened(HOME) == first
    assert material(family.met(first), ABROAD[1]).way is WayKind.CERTIFICATE


def test_a_region_without_a_peer_is_refused_at_the_opening(family: Family) -> None:
    for regions in ({"other": "410500"}, {"child": HOME}, {"nobody": HOME}):
        asked = Opening("newborn", family.child, DAD, regions)
        answer = family.cases.open(CLERK, asked).value
        assert isinstance(answer, Refused)
        assert answer.code == "region-unknown"


def test_no_personal_data_of_either_parent_is_in_a_journal(family: Family) -> None:
    key = family.opened()
    family.met(key)
    for hub in (family.border.asker, family.border.home):
        text = "".join(str(row.body) for row in family.border.rows(hub))
        for value in (MUM, DAD, family.child, "测试己"):
            assert value not in text
