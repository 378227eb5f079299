from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from certificates.grants import Grants
from certificates.grants_model import Grant, GrantOffer
from certificates.guardianship import PopulationGuardianship
from certificates.issue import Issuer
from certificates.model import CertificateStatus
from certificates.register import Register
from certificates.register_model import Certificate
from certificates.requests import Requests
from certificates.requests_model import CertificateAnswer, CertificateAsk
from certificates.store import METADATA
from certificates.subjects import holder_ref
from kernel.actors import Actor, ActorKind, Reach, system
from kernel.clock import FixedClock
from kernel.errors import Refused, TongbanError, load_messages
from kernel.ids import CertificateId, GrantId, RequestId
from storage.database import Database
from tests.certificates.doubles import FATHER, MOTHER, UNCLE, Bench, make_bench, the_matters

SCHOOL = "11410100MB0TE01184"
POLICE = "11410100MB0TE0038G"
WINDOW = "11410100MB0TE0011Q"
OFFICE = system("issue", "410100", ("certificates.issue", "certificates.revoke"))
AGENCY = Actor(
    "client:jyj", ActorKind.CLIENT, org=SCHOOL, rights={"certificates.request": Reach.ALL}
)
CLERK = Actor("staff:7", ActorKind.STAFF, org=WINDOW, rights={"certificates.request": Reach.ALL})
MARRIAGE_FIELDS = ("male_name", "female_name", "register_date")


class Room:
    """All services of the room over one database, with one household and one marriage issued."""

    def __init__(self, bench: Bench, database: Database) -> None:
        self.bench = bench
        self.database = database
        tools = bench.tools
        book = the_matters()
        self.grants = Grants(tools, book, PopulationGuardianship(tools.source))
        self.requests = Requests(tools, book, frozenset({"111", "001"}))
        self.register = Register(tools)
        issuer = Issuer(tools)
        self.household = self._issued(issuer, "household-register", "H0001")
        self.marriage = self._issued(issuer, "marriage", "J410199-2020-000001")

    def _issued(self, issuer: Issuer, kind: str, key: str) -> Certificate:
        done = issuer.issue(OFFICE, kind, key).value
        assert isinstance(done, Certificate)
        return done

    def person(self, code: str) -> Actor:
        rights = {"certificates.grant": Reach.SELF, "certificates.read": Reach.SELF}
        ref = holder_ref(self.bench.tools.vault, "111", code)
        return Actor(f"holder:{ref[:8]}", ActorKind.HOLDER, rights=rights, holder=ref)

    def events(self, kind: str) -> list[dict[str, Any]]:
        rows = self.database.transactions.read(lambda tx: self.database.journal.after(tx, 0, 9999))
        return [json.loads(row.body)["data"] for row in rows if row.kind == f"certificates.{kind}"]

    def granted(self, code: str = MOTHER, **changes: Any) -> Grant:
        done = self.grants.give(self.person(code), replace(OFFER, **changes)).value
        assert isinstance(done, Grant), done
        return done


OFFER = GrantOffer(
    requester=WINDOW,
    matter="birth-registration",
    case_no="case-1",
    purpose="newborn-registration",
    type="marriage",
    fields=MARRIAGE_FIELDS,
)
ASK = CertificateAsk(
    idempotency_key="k1",
    matter="birth-registration",
    case_no="case-1",
    purpose="newborn-registration",
    type="marriage",
    basis="consent",
    fields=MARRIAGE_FIELDS,
)
SCHOOL_ASK = CertificateAsk(
    idempotency_key="s1",
    matter="school-enrolment",
    case_no="case-9",
    purpose="school-eligibility",
    type="household-register",
    basis="compulsory-education-12",
    fields=("address", "members.name"),
    holder_code=FATHER,
)


@pytest.fixture
def room(make_database: Any, objects: Any, vault: Any, clock: FixedClock, tmp_path: Path) -> Room:
    database = make_database(METADATA)
    return Room(make_bench(database.transactions, objects, vault, clock, tmp_path), database)


def served(answer: object) -> CertificateAnswer:
    assert isinstance(answer, CertificateAnswer), answer
    return answer


def code(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    return answer.code


def test_a_grant_serves_the_granted_fields_once(room: Room) -> None:
    ask = replace(ASK, grant=room.granted().id)
    answer = served(room.requests.fetch(CLERK, ask).value)
    assert dict(answer.fields) == {
        "male_name": "测试甲",
        "female_name": "测试乙",
        "register_date": "2020-05-20",
    }
    assert answer.status.status is CertificateStatus.ISSUED
    assert answer.retention_days == 90
    again = room.requests.fetch(CLERK, replace(ask, idempotency_key="k2")).value
    assert code(again) == "consent-used"
    assert [event["certificate"] for event in room.events("request-served")] == [room.marriage.id]
    assert room.events("request-refused")[-1]["code"] == "consent-used"


def test_64_uses_of_one_grant_at_once_serve_exactly_one(room: Room) -> None:
    ask = replace(ASK, grant=room.granted().id)
    answers: list[object] = []
    barrier = threading.Barrier(64)

    def use(number: int) -> None:
        barrier.wait()
        mine = replace(ask, idempotency_key=f"race-{number}")
        answers.append(room.requests.fetch(CLERK, mine).value)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(item, CertificateAnswer) for item in answers) == 1
    assert answers.count(Refused("consent-used")) == 63
    assert len(room.events("request-served")) == 1
    assert len(room.events("request-refused")) == 63


def test_a_legal_basis_needs_no_grant_and_gives_only_its_fields(room: Room) -> None:
    answer = served(room.requests.fetch(AGENCY, SCHOOL_ASK).value)
    assert dict(answer.fields) == {"address": "示例市测试路1号"}
    assert [dict(row) for row in answer.rows["members"]] == [{"name": "测试甲"}, {"name": "测试乙"}]
    assert not answer.copies


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"purpose": ""}, "purpose-missing"),
        ({"purpose": "curiosity"}, "purpose-not-registered"),
        ({"case_no": ""}, "case-missing"),
        ({"case_no": "张三 410199"}, "case-missing"),
        ({"matter": "fishing"}, "matter-unknown"),
        ({"matter": "birth-registration"}, "matter-not-handled"),
        ({"type": "marriage"}, "type-not-needed"),
        ({"type": "passport"}, "type-not-needed"),
        ({"fields": ()}, "fields-missing"),
        ({"fields": ("address", "blood_group")}, "field-not-needed"),
        ({"formats": ()}, "format-not-allowed"),
        ({"formats": ("data", "docx")}, "format-not-allowed"),
        ({"basis": ""}, "basis-missing"),
        ({"basis": "because"}, "basis-not-registered"),
        ({"basis": "consent"}, "consent-required"),
        ({"holder_code": ""}, "holder-missing"),
        ({"holder_code_type": "005"}, "holder-code-type"),
        ({"idempotency_key": ""}, "idempotency-missing"),
        ({"idempotency_key": "x" * 129}, "idempotency-missing"),
        ({"idempotency_key": "键"}, "idempotency-missing"),
        ({"holder_code": UNCLE}, "not-found-or-not-permitted"),
        ({"certificate": CertificateId("cert-0")}, "not-found-or-not-permitted"),
    ],
)
def test_each_refusal_has_its_code_and_is_recorded(
    room: Room, changes: dict[str, Any], expected: str
) -> None:
    assert code(room.requests.fetch(AGENCY, replace(SCHOOL_ASK, **changes)).value) == expected
    assert room.events("request-refused")[-1]["code"] == expected
    assert not room.events("request-served")
    assert expected in load_messages("certificates")


def test_a_field_outside_the_matter_is_refused(room: Room) -> None:
    ask = replace(ASK, type="household-register", basis="household-regulation-7")
    outside = replace(ask, fields=("members.marital_status",), holder_code=FATHER)
    assert code(room.requests.fetch(CLERK, outside).value) == "field-not-needed"
    whole = replace(ask, idempotency_key="k2", fields=("members",), holder_code=FATHER)
    assert code(room.requests.fetch(CLERK, whole).value) == "field-not-needed"


def test_a_copy_that_shows_more_than_the_matter_may_see_is_refused(room: Room) -> None:
    ask = replace(ASK, type="household-register", basis="household-regulation-7")
    copied = replace(ask, fields=("address",), formats=("pdf",), holder_code=FATHER)
    assert code(room.requests.fetch(CLERK, copied).value) == "field-not-needed"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"case_no": "case-2"}, "consent-scope"),
        ({"fields": ("male_id",)}, "consent-scope"),
        ({"formats": ("data", "pdf")}, "consent-scope"),
        ({"grant": GrantId("grant-0")}, "not-found-or-not-permitted"),
        ({"holder_code": UNCLE}, "not-found-or-not-permitted"),
        ({"type": "household-register", "fields": ("address",)}, "consent-scope"),
    ],
)
def test_a_request_beyond_its_grant_is_refused_and_leaves_it_open(
    room: Room, changes: dict[str, Any], expected: str
) -> None:
    ask = replace(ASK, grant=room.granted().id)
    assert code(room.requests.fetch(CLERK, replace(ask, **changes)).value) == expected
    served(room.requests.fetch(CLERK, replace(ask, idempotency_key="later")).value)


def test_a_grant_of_another_requester_is_as_good_as_none(room: Room) -> None:
    ask = replace(ASK, grant=room.granted().id)
    police = replace(CLERK, org=POLICE)
    assert code(room.requests.fetch(police, ask).value) == "not-found-or-not-permitted"


def test_a_grant_ends_with_its_time_and_with_its_withdrawal(room: Room, clock: FixedClock) -> None:
    short = room.granted(lifetime=timedelta(minutes=5))
    taken_back = room.granted()
    assert isinstance(room.grants.withdraw(room.person(MOTHER), taken_back.id).value, Grant)
    clock.advance(minutes=5)
    ask = replace(ASK, grant=short.id)
    assert code(room.requests.fetch(CLERK, ask).value) == "consent-expired"
    ask = replace(ASK, grant=taken_back.id, idempotency_key="k2")
    assert code(room.requests.fetch(CLERK, ask).value) == "consent-withdrawn"


@pytest.mark.parametrize("status", ["suspended", "lost", "cancelled", "withdrawn", "revoked"])
def test_a_certificate_not_in_force_is_refused_with_its_status(room: Room, status: str) -> None:
    after = CertificateStatus(status)
    done = room.register.change(OFFICE, room.household.id, after, "sanction").value
    assert isinstance(done, Certificate)
    refused = room.requests.fetch(AGENCY, SCHOOL_ASK).value
    assert code(refused) == f"certificate-{status}"
    assert room.events("request-refused")[-1]["certificate"] == room.household.id


def test_a_superseded_certificate_gives_way_to_its_successor(room: Room) -> None:
    room.bench.source.rows["population"][0]["address"] = "示例市测试路3号"
    Issuer(room.bench.tools).reissue(OFFICE, room.household.id)
    answer = served(room.requests.fetch(AGENCY, SCHOOL_ASK).value)
    assert answer.fields["address"] == "示例市测试路3号"
    old = replace(SCHOOL_ASK, idempotency_key="old", certificate=room.household.id)
    assert code(room.requests.fetch(AGENCY, old).value) == "certificate-superseded"


def test_a_repeated_key_gives_the_same_answer_and_no_second_use(
    room: Room, clock: FixedClock
) -> None:
    ask = replace(ASK, grant=room.granted().id)
    first = served(room.requests.fetch(CLERK, ask).value)
    clock.advance(hours=23)
    second = served(room.requests.fetch(CLERK, ask).value)
    read_anew = replace(first.status, checked_at=clock.now())
    assert second == replace(first, status=read_anew, repeated=True)
    assert len(room.events("request-served")) == 1
    other = replace(ask, case_no="case-3")
    assert code(room.requests.fetch(CLERK, other).value) == "idempotency-conflict"
    clock.advance(hours=2)
    assert code(room.requests.fetch(CLERK, ask).value) == "idempotency-expired"


@pytest.mark.parametrize("status", ["suspended", "revoked"])
def test_what_has_ended_since_is_not_given_again(room: Room, status: str) -> None:
    ask = replace(SCHOOL_ASK, formats=("data", "pdf"))
    served(room.requests.fetch(AGENCY, ask).value)
    after = CertificateStatus(status)
    assert isinstance(
        room.register.change(OFFICE, room.household.id, after, "sanction").value, Certificate
    )
    assert code(room.requests.fetch(AGENCY, ask).value) == f"certificate-{status}"
    assert room.events("request-repeated")[-1]["code"] == f"certificate-{status}"
    assert len(room.events("request-served")) == 1
    if after is CertificateStatus.SUSPENDED:
        room.register.change(OFFICE, room.household.id, CertificateStatus.ISSUED, "settled")
        assert served(room.requests.fetch(AGENCY, ask).value).repeated


def test_a_repeated_refusal_stays_a_refusal(room: Room) -> None:
    ask = replace(ASK, grant=None)
    assert code(room.requests.fetch(CLERK, ask).value) == "consent-required"
    assert code(room.requests.fetch(CLERK, ask).value) == "consent-required"
    assert len(room.events("request-refused")) == 1


def test_keys_of_different_requesters_do_not_meet(room: Room) -> None:
    ask = replace(SCHOOL_ASK, idempotency_key="k1")
    served(room.requests.fetch(AGENCY, ask).value)
    served(room.requests.fetch(CLERK, ask).value)
    assert len(room.events("request-served")) == 2


def test_an_annotated_copy_is_sealed_bound_to_its_use_and_never_the_original(
    room: Room, clock: FixedClock
) -> None:
    ask = replace(SCHOOL_ASK, formats=("data", "ofd", "pdf"))
    before = len(room.bench.sealer.entries())
    answer = served(room.requests.fetch(AGENCY, ask).value)
    assert [item.format for item in answer.copies] == ["ofd", "pdf"]
    assert len(room.bench.sealer.entries()) == before + 2
    data = room.requests.copy(AGENCY, answer.request, "pdf").value
    assert isinstance(data, bytes)
    body = json.loads(data.rpartition(b"\n")[0])
    maker, cause, _ = body["note"]
    assert (maker, cause) == ("示例市教育局", "核验适龄儿童入学资格（办件编号case-9）")
    originals = room.register.files(room.person(FATHER), room.household.id)
    assert not {item.digest for item in answer.copies} & {item.digest for item in originals}  # type: ignore[union-attr] # a refusal fails here too
    assert room.events("copy-intended")[0]["count"] == 2
    assert len(room.events("request-served")[0]["copies"]) == 2
    assert isinstance(room.requests.copy(CLERK, answer.request, "pdf").value, Refused)
    assert isinstance(room.requests.copy(AGENCY, RequestId("req-0"), "pdf").value, Refused)
    suspended, restored = CertificateStatus.SUSPENDED, CertificateStatus.ISSUED
    room.register.change(OFFICE, room.household.id, suspended, "investigation")
    late = room.requests.copy(AGENCY, answer.request, "pdf").value
    assert code(late) == "certificate-suspended"
    room.register.change(OFFICE, room.household.id, restored, "settled")
    assert len(room.events("copy-handed-out")) == 1
    clock.advance(days=181)
    assert isinstance(room.requests.copy(AGENCY, answer.request, "pdf").value, Refused)


def test_no_copy_is_made_for_a_request_that_would_be_refused(room: Room) -> None:
    before = len(room.bench.sealer.entries())
    ask = replace(SCHOOL_ASK, formats=("pdf",), holder_code=UNCLE)
    assert code(room.requests.fetch(AGENCY, ask).value) == "not-found-or-not-permitted"
    assert len(room.bench.sealer.entries()) == before
    assert not room.events("copy-intended")


def test_a_copy_that_fails_gives_nothing_and_uses_no_grant_up(room: Room) -> None:
    grant = room.granted(formats=("data", "pdf"))
    ask = replace(ASK, grant=grant.id, formats=("pdf",))
    room.bench.sealer.spoil = True
    with pytest.raises(TongbanError, match="rehearsal-failed"):
        room.requests.fetch(CLERK, ask)
    room.bench.sealer.spoil = False
    served(room.requests.fetch(CLERK, ask).value)


def test_fields_can_be_served_without_holding_a_thread(room: Room) -> None:
    asks = [replace(SCHOOL_ASK, idempotency_key=f"many-{number}") for number in range(20)]
    futures = [room.requests.submit(AGENCY, ask) for ask in asks]
    answers = [served(room.requests.open(future.result()).value) for future in futures]
    assert len({answer.request for answer in answers}) == 20
    copied = room.requests.submit(AGENCY, replace(SCHOOL_ASK, formats=("pdf",))).result()
    assert code(room.requests.open(copied).value) == "format-not-allowed"


def test_who_may_not_request_is_refused_and_recorded(room: Room) -> None:
    for actor in (replace(AGENCY, rights={}), room.person(FATHER)):
        assert code(room.requests.fetch(actor, SCHOOL_ASK).value) == "not-permitted"
        assert room.events("request-refused")[-1]["code"] == "not-permitted"
        assert isinstance(room.requests.copy(actor, RequestId("req-0"), "pdf").value, Refused)
    assert code(room.requests.uses(AGENCY)) == "not-permitted"


def test_a_holder_reads_who_used_the_certificate_and_who_tried(room: Room) -> None:
    room.requests.fetch(AGENCY, SCHOOL_ASK)
    room.register.change(OFFICE, room.household.id, CertificateStatus.SUSPENDED, "investigation")
    room.requests.fetch(AGENCY, replace(SCHOOL_ASK, idempotency_key="s2"))
    uses = room.requests.uses(room.person(FATHER))
    assert not isinstance(uses, Refused)
    assert {(use.outcome, use.matter, use.requester) for use in uses} == {
        ("served", "school-enrolment", SCHOOL),
        ("certificate-suspended", "school-enrolment", SCHOOL),
    }
    assert room.requests.uses(room.person(UNCLE)) == ()


def test_no_personal_value_reaches_the_journal_or_the_tables(room: Room, tmp_path: Path) -> None:
    room.requests.fetch(AGENCY, SCHOOL_ASK)
    room.requests.fetch(AGENCY, replace(SCHOOL_ASK, idempotency_key="s2", matter=FATHER))
    room.requests.fetch(AGENCY, replace(SCHOOL_ASK, idempotency_key="s3", case_no="测试甲"))
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
    assert FATHER.encode() not in stored
    assert "测试甲".encode() not in stored
