from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certificates.issue import Issuer
from certificates.model import CertificateStatus
from certificates.ports import Judgement
from certificates.register_model import Certificate, Contents, Step
from certificates.requests_model import CertificateAnswer
from certificates.verify import Checks, Kinship, Verify
from kernel.actors import Actor, ActorKind, Reach
from kernel.clock import FixedClock
from kernel.errors import Refused
from kernel.ids import CertificateId
from kernel.ports import Json
from tests.certificates.doubles import FATHER, MOTHER, UNCLE, make_bench
from tests.certificates.test_requests import (
    AGENCY,
    METADATA,
    OFFICE,
    POLICE,
    SCHOOL_ASK,
    Room,
    code,
)

PUBLIC = Actor("public", ActorKind.PUBLIC, rights={"certificates.verify": Reach.ALL})
APPROVER = Actor(
    "staff:2",
    ActorKind.STAFF,
    org=POLICE,
    rights={"certificates.read": Reach.ORG, "certificates.revoke": Reach.ORG},
)
SUSPENDED = CertificateStatus.SUSPENDED


@pytest.fixture
def room(make_database: Any, objects: Any, vault: Any, clock: FixedClock, tmp_path: Path) -> Room:
    database = make_database(METADATA)
    return Room(make_bench(database.transactions, objects, vault, clock, tmp_path), database)


def test_anybody_gets_the_status_by_identifier_without_a_person(room: Room) -> None:
    answer = room.register.status(PUBLIC, room.marriage.identifier)
    assert not isinstance(answer, Refused)
    assert (answer.status, answer.certificate) == (CertificateStatus.ISSUED, room.marriage.id)
    assert code(room.register.status(PUBLIC, "1.2.156.3005.2.x")) == "certificate-unknown"
    assert code(room.register.status(replace(PUBLIC, rights={}), "x")) == "not-permitted"


def test_a_change_of_status_is_decided_by_its_issuer_with_a_reason(room: Room) -> None:
    change = room.register.change
    mine, other = room.household.id, room.marriage.id
    absent = "not-found-or-not-permitted"
    assert code(change(APPROVER, other, SUSPENDED, "sanction").value) == absent
    assert code(change(room.person(FATHER), mine, SUSPENDED, "").value) == "not-permitted"
    assert code(change(APPROVER, mine, SUSPENDED, "").value) == "reason-missing"
    assert code(change(APPROVER, mine, SUSPENDED, "because").value) == "reason-missing"
    unknown = CertificateId("cert-0")
    assert code(change(APPROVER, unknown, SUSPENDED, "sanction").value) == absent
    done = change(APPROVER, mine, SUSPENDED, "investigation").value
    assert isinstance(done, Certificate)
    restored = change(APPROVER, mine, CertificateStatus.ISSUED, "settled").value
    assert isinstance(restored, Certificate)
    assert [event["after"] for event in room.events("status-changed")] == ["suspended", "issued"]
    assert len(room.events("status-refused")) == 5


@pytest.mark.parametrize("after", ["issued", "superseded", "expired", "draft"])
def test_a_status_that_cannot_follow_is_refused(room: Room, after: str) -> None:
    status = CertificateStatus(after)
    refused = room.register.change(OFFICE, room.marriage.id, status, "settled").value
    assert code(refused) == "status-change"


def test_what_has_ended_stays_ended_and_frees_its_holder(room: Room) -> None:
    revoke = CertificateStatus.REVOKED
    room.register.change(OFFICE, room.marriage.id, revoke, "issued-in-error")
    back = room.register.change(OFFICE, room.marriage.id, CertificateStatus.ISSUED, "settled").value
    assert code(back) == "status-change"
    again = Issuer(room.bench.tools).issue(OFFICE, "marriage", "J410199-2020-000001").value
    assert isinstance(again, Certificate)
    assert again.identifier != room.marriage.identifier


def test_expiry_needs_nobody_to_write_it_down(room: Room, clock: FixedClock) -> None:
    one = replace(room.marriage, valid_to=clock.now().date())
    today = clock.now().date()
    assert one.effective(today) is CertificateStatus.ISSUED
    assert one.effective(today.replace(year=2027)) is CertificateStatus.EXPIRED
    gone = replace(one, status=CertificateStatus.REVOKED)
    assert gone.effective(today.replace(year=2027)) is CertificateStatus.REVOKED


def test_holders_and_issuers_read_and_nobody_else(room: Room) -> None:
    father, uncle = room.person(FATHER), room.person(UNCLE)
    own = room.register.own(father)
    assert not isinstance(own, Refused)
    assert {one.id for one in own} == {room.marriage.id, room.household.id}
    assert room.register.own(uncle) == ()
    assert isinstance(room.register.get(room.person(MOTHER), room.marriage.id), Certificate)
    for actor in (uncle, APPROVER, PUBLIC):
        answer = room.register.get(actor, room.marriage.id)
        assert code(answer) == "not-found-or-not-permitted"
        assert isinstance(room.register.contents(actor, room.marriage.id).value, Refused)
        assert isinstance(room.register.original(actor, room.marriage.id, "pdf").value, Refused)
        assert isinstance(room.register.origins(actor, room.marriage.id), Refused)
    contents = room.register.contents(father, room.marriage.id).value
    assert isinstance(contents, Contents)
    assert contents.holders[0].code == FATHER
    assert isinstance(room.register.original(father, room.marriage.id, "ofd").value, bytes)
    assert len(room.events("original-refused")) == 3
    assert len(room.events("original-read")) == 1


def test_refused_readings_are_recorded_and_what_was_typed_stays_out(room: Room) -> None:
    typed = CertificateId("测试甲 410199199001010011")
    uncle = room.person(UNCLE)
    for key in (room.marriage.id, typed):
        assert code(room.register.get(uncle, key)) == "not-found-or-not-permitted"
        assert isinstance(room.register.contents(uncle, key).value, Refused)
        assert isinstance(room.register.change(uncle, key, SUSPENDED, "settled").value, Refused)
    transactions, journal = room.bench.tools.transactions, room.database.journal
    rows = transactions.read(lambda tx: journal.after(tx, 0, 9999))
    refused = [row.subject for row in rows if row.kind.endswith("-refused")]
    assert refused == [room.marriage.id] * 3 + ["unknown"] * 3
    assert all(typed.encode() not in row.body for row in rows)


def test_lists_are_cut_to_what_the_actor_may_read(room: Room) -> None:
    page = room.register.page(APPROVER)
    assert not isinstance(page, Refused)
    assert [one.id for one in page] == [room.household.id]
    held = room.register.held_by(APPROVER, FATHER)
    assert not isinstance(held, Refused)
    assert [one.id for one in held] == [room.household.id]
    assert room.register.page(room.person(UNCLE)) == ()
    for verb in (room.register.page, room.register.own):
        assert code(verb(PUBLIC)) == "not-permitted"  # type: ignore[operator] # both take an actor
    assert code(room.register.held_by(PUBLIC, FATHER)) == "not-permitted"
    assert room.register.counts() == {
        ("household-register", Step.ISSUED): 1,
        ("marriage", Step.ISSUED): 1,
    }


class LineInspector:
    """Reads the metadata of the doubles' files."""

    def inspect(
        self, data: bytes, name: str, policy: str, at: Any, recorded: Any = None
    ) -> Judgement:
        import json

        try:
            body = json.loads(data.rpartition(b"\n")[0])
        except ValueError:
            return Judgement(False, "TOTAL_FAILED", ("E_FORMAT",), {})
        metadata = dict(body["metadata"])
        if body["note"]:
            metadata["JZJYXQJZSJ"] = "20260901000000"
        return Judgement(True, "TOTAL_PASSED", (), metadata)


class NumberProofs:
    def receipt(self, journal_no: int) -> Json:
        return {"no": journal_no}


def test_a_file_is_verified_by_seal_register_and_log_together(
    room: Room, clock: FixedClock
) -> None:
    verify = Verify(
        room.bench.tools,
        register=room.register,
        inspector=LineInspector(),
        journal=room.database.journal,
        proofs=NumberProofs(),
    )
    data = room.register.original(room.person(FATHER), room.marriage.id, "pdf").value
    assert isinstance(data, bytes)
    good = verify.file(PUBLIC, data, "证.pdf")
    assert not isinstance(good, Refused)
    assert good.holds
    assert good.kinship is Kinship.ORIGINAL
    assert isinstance(good.proof, dict)
    changed = verify.file(PUBLIC, data + b" ", "x.pdf")
    assert not isinstance(changed, Refused)
    assert (changed.kinship, changed.holds) == (Kinship.OTHER, False)
    junk = verify.file(PUBLIC, b"junk", "x")
    assert not isinstance(junk, Refused)
    assert (junk.kinship, junk.holds, junk.proof) == (Kinship.UNKNOWN, False, None)
    forged = verify.file(PUBLIC, data.replace(b'"note": null', b'"note": [1, 2, 3]'))
    assert not isinstance(forged, Refused)
    assert forged.judgement.passed
    assert (forged.kinship, forged.holds) == (Kinship.OTHER, False)
    ask = replace(SCHOOL_ASK, formats=("pdf",))
    answer = room.requests.fetch(AGENCY, ask).value
    assert isinstance(answer, CertificateAnswer)
    copy = room.requests.copy(AGENCY, answer.request, "pdf").value
    assert isinstance(copy, bytes)
    for at, kinship in ((0, Kinship.COPY), (365, Kinship.EXPIRED_COPY)):
        clock.advance(days=at)
        found = verify.file(PUBLIC, copy)
        assert not isinstance(found, Refused)
        assert (found.kinship, found.holds) == (kinship, kinship is Kinship.COPY)
    room.register.change(OFFICE, room.marriage.id, CertificateStatus.REVOKED, "fact-ended")
    gone = verify.file(PUBLIC, data)
    assert not isinstance(gone, Refused)
    assert not gone.holds
    assert gone.status is not None
    assert gone.status.status is CertificateStatus.REVOKED
    assert isinstance(verify.file(replace(PUBLIC, rights={}), data), Refused)
    transactions, journal = room.bench.tools.transactions, room.database.journal
    rows = transactions.read(lambda tx: journal.about(tx, room.marriage.id))
    kinds = [row.kind for row in rows]
    assert kinds[-1] == "certificates.status-changed"
    assert kinds.count("certificates.issued") == 1


def test_public_checks_leave_one_entry_a_minute(room: Room, clock: FixedClock) -> None:
    checks = Checks(room.bench.tools)
    for _ in range(1000):
        checks.count()
    assert checks.flush(OFFICE) == 0
    clock.advance(minutes=1)
    checks.count()
    assert checks.flush(OFFICE) == 1
    assert [event["count"] for event in room.events("status-checked")] == [1000]
