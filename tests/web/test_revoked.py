"""A whole hub with real seals: what is said of files whose certificate, or whose seal, is revoked."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from certificates.fonts import Fonts
from certificates.model import CertificateStatus
from certificates.register_model import Certificate
from hub.demo.city import publish_trust
from hub.settings import load
from hub.verify import Options, run
from hub.wiring import Hub, open_hub
from kernel.actors import system
from kernel.clock import FixedClock
from kernel.errors import Refused, TongbanError
from kernel.ports import Event, Tx
from signing import crl, store
from signing.authority import FAMILIES, key_name
from signing.fence import Fence
from signing.seal_model import Seal, SealApplication
from signing.trust import save
from tests.certificates.doubles import MemorySource, PlainCodes, small_world
from tests.certificates.test_requests import OFFICE
from tests.signing.world import approver, root

HOUSEHOLD, MARRIAGE = ("household-register", "H0001"), ("marriage", "J410199-2020-000001")
EVERYTHING = system("test", rights=("certificates.read", "certificates.revoke"))


@dataclass
class City:
    """A hub with its seals, and the clock of its world."""

    hub: Hub
    clock: FixedClock
    seals: dict[str, Seal]

    def seal(self, kind: str) -> Seal:
        """Apply for a seal of the body that issues a type, and have it approved."""
        found = self.hub.typebook.types[kind]
        org, now = found.issuing_code, self.clock.now()
        until = now + timedelta(days=365)
        wanted = SealApplication(org, found.issuing_org, "410100", now, until, types=(kind,))
        applied = self.hub.seals.apply(approver("staff:ann", org), wanted).value
        assert isinstance(applied, Seal)
        made = self.hub.seals.approve(approver("staff:bob", org), applied.seal_id).value
        assert isinstance(made, Seal)
        self.seals[kind] = made
        return made

    def step(self, name: str, kind: str, *reason: str) -> None:
        """Suspend, resume or revoke the seal of a type."""
        seal = self.seals[kind]
        actor = approver("staff:bob", seal.application.org)
        done = getattr(self.hub.seals, name)(actor, seal.seal_id, *reason).value
        assert isinstance(done, Seal)

    def issue(self, kind: str, key: str) -> Certificate:
        done = self.hub.issuer.issue(OFFICE, kind, key).value
        assert isinstance(done, Certificate), done
        return done

    def files(self, one: Certificate) -> dict[str, bytes]:
        found = self.hub.register.files(EVERYTHING, one.id)
        assert not isinstance(found, Refused)
        return {item.format: self.hub.objects.get(item.digest) for item in found}


@pytest.fixture(scope="module")
def shared() -> Iterator[dict[str, Any]]:
    """Parts that do not differ between hubs and cost time."""
    with Fence(workers=1) as fence:
        yield {"fonts": Fonts.load([]), "fence": fence}


@pytest.fixture
def city(tmp_path: Path, shared: dict[str, Any]) -> Iterator[City]:
    clock = FixedClock(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    settings = load(home=tmp_path / "hub", environment="test", worker=False)
    with open_hub(settings, clock=clock) as hub:
        hub.__dict__.update(shared)
        hub.authority.establish(root())
        save(hub.authority.trust_list(1), settings.root)
        hub.revocation.publish()
        source = MemorySource(small_world())
        hub.__dict__["tools"] = replace(hub.tools, source=source, codes=PlainCodes())
        made = City(hub, clock, {})
        for kind in (HOUSEHOLD[0], MARRIAGE[0]):
            made.seal(kind)
        yield made


def api(visitor: Any, name: str, data: bytes) -> dict[str, Any]:
    answer = visitor.post("/v1/verifications", files={"file": (name, data)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def page(visitor: Any, name: str, data: bytes) -> str:
    answer = visitor.post(
        "/verify",
        files={"file": (name, data)},
        data={"policy": "certificate"},
        headers={"accept": "text/html"},
    )
    assert answer.status_code == 200
    text: str = answer.text
    return text


def test_a_revoked_certificate_is_told_though_its_seal_is_intact(
    city: City, visitor_for: Callable[[Hub], Any]
) -> None:
    visitor = visitor_for(city.hub)
    one = city.issue(*HOUSEHOLD)
    files = city.files(one)
    for name, data in files.items():
        before = api(visitor, f"a.{name}", data)
        assert before["holds"] is True
        assert before["signatures"][0]["revocation"][0]["ended"] is False
        assert "INDETERMINATE_REVOCATION" not in before["codes"]
    text = page(visitor, "a.ofd", files["ofd"])
    assert "核验通过" in text
    assert "吊销列表" in text
    done = city.hub.register.change(
        EVERYTHING, one.id, CertificateStatus.REVOKED, "issued-in-error"
    )
    assert isinstance(done.value, Certificate), done
    for name, data in files.items():
        after = api(visitor, f"a.{name}", data)
        assert after["indication"] == "TOTAL_PASSED"
        assert after["holds"] is False
        assert after["register"]["status"] == "revoked"
        text = page(visitor, f"a.{name}", data)
        assert "登记状态：吊销" in text
        assert "印章真实，但证照状态为" in text
        assert "核验通过" not in text


def test_a_seal_revoked_later_leaves_older_certificates_valid(
    city: City, visitor_for: Callable[[Hub], Any], tmp_path: Path
) -> None:
    visitor = visitor_for(city.hub)
    files = city.files(city.issue(*HOUSEHOLD))
    (tmp_path / "old.ofd").write_bytes(files["ofd"])
    city.clock.advance(hours=3)
    city.step("revoke", HOUSEHOLD[0], "lost")
    city.clock.advance(hours=3)
    for name, data in files.items():
        found = api(visitor, f"a.{name}", data)
        assert found["indication"] == "TOTAL_PASSED", found["codes"]
        assert "W_REVOKED_LATER" in found["codes"]
        assert found["holds"] is True
        assert "之后被吊销" in page(visitor, f"a.{name}", data)

    (city.hub.settings.root / "trust").mkdir()
    publish_trust(city.hub)
    out = io.StringIO()
    trust = tuple(
        city.hub.settings.root / "trust" / name for name in ("anchors.pem", "revocation.crl")
    )
    at = city.clock.now().isoformat()
    code = run([str(tmp_path / "old.ofd")], Options(as_json=True, trust=trust, at=at), out)
    outside = json.loads(out.getvalue())
    assert "E_REVOKED" in outside["codes"] or "W_REVOKED_LATER" in outside["codes"]
    assert code in {0, 3}, "a verifier without the register needs a time stamp"


def test_a_revoked_seal_issues_nothing_and_a_new_one_goes_on(
    city: City, visitor_for: Callable[[Hub], Any]
) -> None:
    visitor = visitor_for(city.hub)
    city.step("revoke", MARRIAGE[0], "worn out")
    with pytest.raises(TongbanError, match="seal-unavailable"):
        city.hub.issuer.issue(OFFICE, *MARRIAGE)
    old = city.seals[MARRIAGE[0]]
    assert city.seal(MARRIAGE[0]).seal_id != old.seal_id
    done = city.hub.issuer.resume(OFFICE, idle=timedelta(0))
    assert not isinstance(done, Refused)
    assert [item.issued for item in done] == [1]
    (one,) = city.hub.register.page(EVERYTHING)  # type: ignore[misc] # not refused
    for name, data in city.files(one).items():
        found = api(visitor, f"a.{name}", data)
        assert found["holds"] is True, found["codes"]
        assert not {"E_REVOKED", "W_REVOKED_LATER"} & set(found["codes"])


def test_what_is_sealed_after_the_revocation_is_rejected(
    city: City, visitor_for: Callable[[Hub], Any]
) -> None:
    """Somebody has the key and a hub's memory of it: only the list tells."""
    visitor = visitor_for(city.hub)
    seal = city.seals[HOUSEHOLD[0]]
    files = city.files(city.issue(*HOUSEHOLD))
    before = city.clock.now() - timedelta(days=1)

    def stolen(tx: Tx) -> None:
        keys = [key_name(seal.seal_id, name) for name in FAMILIES]
        store.revoke_certificates(tx, keys, before, "stolen")
        tx.record(Event("signing.seal-revoked", seal.seal_id, EVERYTHING))

    city.hub.database.transactions.write(stolen)
    city.hub.revocation.publish()
    found = crl.parse((city.hub.revocation.folder / "410100-sm2_sm3.crl").read_bytes())
    assert found is not None
    assert list(found.revoked.values()) == [before.replace(microsecond=0)]
    for name, data in files.items():
        after = api(visitor, f"a.{name}", data)
        assert after["indication"] == "TOTAL_FAILED"
        assert "E_REVOKED" in after["codes"]
        assert after["holds"] is False
        assert "核验不通过" in page(visitor, f"a.{name}", data)


def test_a_suspended_seal_seals_nothing_and_comes_back(
    city: City, visitor_for: Callable[[Hub], Any]
) -> None:
    visitor = visitor_for(city.hub)
    data = city.files(city.issue(*HOUSEHOLD))["ofd"]
    city.clock.advance(hours=1)
    city.step("suspend", HOUSEHOLD[0], "under inquiry")
    with pytest.raises(TongbanError, match="seal-unavailable"):
        city.hub.issuer.reissue(OFFICE, city.hub.register.page(EVERYTHING)[0].id)  # type: ignore[index] # not refused
    found = api(visitor, "a.ofd", data)
    assert found["holds"] is True, "issued before, as the register proves"
    assert "W_REVOKED_LATER" in found["codes"]
    city.step("resume", HOUSEHOLD[0])
    assert "W_REVOKED_LATER" not in api(visitor, "a.ofd", data)["codes"]


def test_a_hub_whose_lists_have_ended_says_unknown_not_good(
    city: City, visitor_for: Callable[[Hub], Any]
) -> None:
    visitor = visitor_for(city.hub)
    data = city.files(city.issue(*MARRIAGE))["ofd"]
    city.clock.advance(days=2)
    found = api(visitor, "a.ofd", data)
    ended = [item["ended"] for item in found["signatures"][0]["revocation"]]
    assert ended == [True, False]
    assert "INDETERMINATE_REVOCATION" in found["codes"]
    assert "是否被吊销未能核实" in page(visitor, "a.ofd", data)
    city.hub.revocation.publish()
    assert "INDETERMINATE_REVOCATION" not in api(visitor, "a.ofd", data)["codes"]


def test_lists_are_served_to_anybody_and_may_be_cached(
    city: City, visitor_for: Callable[[Hub], Any]
) -> None:
    visitor = visitor_for(city.hub)
    for name in ("410100-sm2_sm3.crl", "410100-root-ecdsa_p256.crl"):
        answer = visitor.get(f"/v1/crls/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/pkix-crl"
        assert answer.headers["cache-control"].startswith("public, max-age=")
        found = crl.parse(answer.content)
        assert found is not None
        assert parsedate_to_datetime(answer.headers["last-modified"]) == found.this_update
        again = visitor.get(f"/v1/crls/{name}", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["420100-sm2_sm3.crl", "410100.crl", "_lock", "..%2f..%2fhub.db", "x" * 300, "%00"]
)
def test_no_other_file_is_served(
    empty_hub: Hub, visitor_for: Callable[[Hub], Any], name: str
) -> None:
    answer = visitor_for(empty_hub).get(f"/v1/crls/{name}")
    assert answer.status_code in {400, 404, 422}
    assert answer.headers["content-type"] == "application/problem+json"
