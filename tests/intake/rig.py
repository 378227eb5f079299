from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from certificates.grants import Grants
from certificates.guardianship import PopulationGuardianship
from certificates.issue import Issuer
from certificates.register import Register
from certificates.register_model import Certificate
from certificates.requests import Requests
from certificates.requests_model import CertificateAsk
from certificates.results import Results
from certificates.subjects import holder_ref
from intake import journeys
from intake.cases import Cases
from intake.desk import Desk
from intake.model import Case, CaseState, Opening, PeerEntry, StepState, WayKind
from intake.ports import Fetched, Result
from kernel.actors import Actor, ActorKind, Reach, system
from kernel.errors import Refused
from kernel.ids import CaseId
from kernel.ports import Recorded
from storage.database import Database
from tests.certificates.doubles import (
    BABY,
    MOTHER,
    Bench,
    the_matters,
    the_types,
)

WINDOW = "11410100MB0TE0011Q"
POLICE = "11410100MB0TE0038G"
INSURANCE = "11410100MB0TE0070U"
HEALTH = "11410100MB0TE0089Q"
CLERK = Actor(
    "staff:7",
    ActorKind.STAFF,
    org=WINDOW,
    window="zwfw-01",
    rights={
        "certificates.request": Reach.ALL,
        "intake.open": Reach.ORG,
        "intake.read": Reach.ORG,
        "intake.fulfil": Reach.ORG,
    },
)
OFFICER = Actor("staff:9", ActorKind.STAFF, org=POLICE, rights={"intake.decide": Reach.ORG})
MIDWIFE = replace(OFFICER, id="staff:11", org=HEALTH)
OFFICE = system("issue", "410100", ("certificates.issue", "certificates.revoke"))
READER = system("read", "410100", ("certificates.read",))
PAPER = "birth-certificate"
BIRTH = "birth-registration"
TYPED = {"relation_to_head": "子", "guardian_phone": "100-0000"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@cache
def the_journeys() -> journeys.Journeybook:
    return journeys.load(the_matters(), the_types())


class Line:
    """Both ways to certificates: the own requests, and for each other region whatever it says."""

    def __init__(self, own: Requests) -> None:
        self.own = own
        self.abroad: dict[str, Callable[[Actor, CertificateAsk], Any]] = {}
        self.asked: list[tuple[str, CertificateAsk]] = []

    def fetch(self, actor: Actor, ask: CertificateAsk, region: str) -> Recorded[Any]:
        self.asked.append((region, ask))
        if region == "410100":
            done = self.own.fetch(actor, ask)
            value = done.value
            return Recorded(value if isinstance(value, Refused) else Fetched(value), done.journal)
        found = self.abroad[region](actor, ask)
        if isinstance(found, Recorded):
            value = found.value
            if isinstance(value, Refused):
                return Recorded(value, found.journal)
            return Recorded(Fetched(value, PeerEntry("req-there", "leaf")), found.journal)
        return Recorded(found, ())


class Peers:
    def __init__(self) -> None:
        self.names: dict[str, str] = {"410300": "示例洛阳市"}

    def known(self) -> dict[str, str]:
        return self.names


class StepResults:
    """Results of steps over the issuer, as the hub's wiring joins them."""

    def __init__(self, results: Results) -> None:
        self.results = results

    def _actor(self, org: str) -> Actor:
        rights = {"certificates.issue": Reach.ORG}
        return Actor("system:results", ActorKind.SYSTEM, org=org, division="410100", rights=rights)

    def issue(self, org: str, kind: str, key: str) -> Recorded[Any]:
        return _told(self.results.ensure(self._actor(org), kind, key))

    def renew(self, org: str, kind: str, key: str, shows: Mapping[str, str]) -> Recorded[Any]:
        return _told(self.results.renew(self._actor(org), kind, key, shows))


def _told(done: Recorded[Any]) -> Recorded[Any]:
    made = done.value
    if isinstance(made, Refused):
        return done
    one = made.certificate
    return Recorded(Result(one.id, one.identifier, made.number), done.journal)


class City:
    def __init__(self, bench: Bench, database: Database) -> None:
        self.bench = bench
        self.database = database
        tools = bench.tools
        book = the_matters()
        guardianship = PopulationGuardianship(tools.source)
        self.issuer = Issuer(tools)
        self.register = Register(tools)
        self.line = Line(Requests(tools, book, frozenset({"111"})))
        self.peers = Peers()
        self.cases = Cases(
            Desk(
                transactions=tools.transactions,
                objects=tools.objects,
                vault=tools.vault,
                clock=tools.clock,
                journeys=the_journeys(),
                matters=book,
                source=tools.source,
                guardianship=guardianship,
                fetch=self.line,
                consents=Grants(tools, book, guardianship),
                regions=self.peers,
                results=StepResults(Results(tools, self.issuer)),
                probe=tools.probe,
                division="410100",
            )
        )

    def issue(self) -> tuple[Certificate, Certificate]:
        one = self.issuer.issue(OFFICE, "household-register", "H0001").value
        two = self.issuer.issue(OFFICE, "marriage", "J410199-2020-000001").value
        assert isinstance(one, Certificate)
        assert isinstance(two, Certificate)
        return one, two

    def person(self, code: str) -> Actor:
        rights = {"certificates.grant": Reach.SELF, "intake.read": Reach.SELF}
        ref = holder_ref(self.bench.tools.vault, "111", code)
        return Actor(f"holder:{ref[:8]}", ActorKind.HOLDER, rights=rights, holder=ref)

    def opened(self, applicant: str = MOTHER) -> Case:
        return case(self.cases.open(CLERK, Opening("newborn", BABY, applicant)).value)

    def born(self) -> Case:
        """Open a case and let its first step end with the medical certificate of birth."""
        found = self.opened()
        case(self.cases.meet(CLERK, found.id).value)
        for item in found.materials:
            if item.step == PAPER:
                place: dict[str, Any] = {"step": PAPER, "material": item.code}
                self.cases.promise(CLERK, found.id, **place, accepted=True)
        case(self.cases.submit(CLERK, found.id, PAPER).value)
        case(self.cases.conclude(MIDWIFE, found.id, PAPER, granted=True).value)
        return case(self.cases.meet(CLERK, found.id).value)

    def walk(self, key: CaseId) -> Case:
        """Fill, hand in and grant every step that is ready, until nothing moves any more."""
        found = case(self.cases.meet(CLERK, key).value)
        while ready := [item.code for item in found.steps if item.state is StepState.READY]:
            for step in ready:
                values = TYPED if step == BIRTH else {}
                values = {"bank_account": "6200000000"} if step == "birth-expenses" else values
                case(self.cases.fill(CLERK, key, step, values).value)
                case(self.cases.submit(CLERK, key, step).value)
                number = "" if step in {PAPER, BIRTH} else f"NO-{step}"
                decided = self.cases.conclude(
                    officer(step), key, step, granted=True, result_no=number
                )
                case(decided.value)
            found = case(self.cases.read(CLERK, key))
            if found.state is CaseState.OPEN:
                found = case(self.cases.meet(CLERK, key).value)
        return found

    def go_on(self, key: CaseId) -> Case:
        """Go on wherever the case stands: decide what waits for it, then walk to the end."""
        found = case(self.cases.read(CLERK, key))
        for item in found.steps:
            if item.state is StepState.SUBMITTED:
                number = "" if item.code in {PAPER, BIRTH} else f"NO-{item.code}"
                done = self.cases.conclude(
                    officer(item.code), key, item.code, granted=True, result_no=number
                )
                found = case(done.value)
        return self.walk(key) if found.state is CaseState.OPEN else found

    def enter(self) -> None:
        """Deliver the police's next data: the newborn is in its household."""
        for row in self.bench.source.rows["population"]:
            row["registration"] = "1"

    def rows(self) -> list[Any]:
        journal = self.database.journal
        return list(self.database.transactions.read(lambda tx: journal.after(tx, 0, 9999)))

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(row.body)["data"] for row in self.rows() if row.kind == kind]


def officer(step: str) -> Actor:
    spec = the_journeys().journeys["newborn"].step(step)
    matter = the_matters().get(spec.matter) if spec else None
    assert matter is not None
    return replace(OFFICER, id=f"staff:{step}", org=matter.org)


def case(answer: object) -> Case:
    assert isinstance(answer, Case), answer
    return answer


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def ways(found: Case) -> dict[str, WayKind | None]:
    return {f"{item.step}/{item.code}": item.way for item in found.materials}
