"""The lists a region publishes: when they are made, what they say, that none is ever older."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from hub import overlay
from hub.judging import TrustBook
from hub.revocation import Publisher, lists_folder, read_lists
from kernel.errors import TongbanError
from signing import crl, trust
from signing.authority import RegionalCA, key_name
from signing.seal_model import Role, Seal, SealState
from signing.seals import SealService
from signing.x509 import parse
from tests.signing import using
from tests.signing.world import World, approver

ANN, BOB = approver("staff:ann"), approver("staff:bob")
NAMES = {f"410100-{root}{name}.crl" for root in ("", "root-") for name in ("sm2_sm3", "ecdsa_p256")}


@pytest.fixture
def publisher(world: World, tmp_path: Path) -> Publisher:
    made = Publisher(
        home=tmp_path / "hub",
        region="410100",
        transactions=world.transactions,
        authority=lambda: world.authority,
        clock=world.clock,
    )
    world.seals._relist = made.relist
    return made


def in_use(world: World) -> Seal:
    applied = world.seals.apply(ANN, world.wanted()).value
    assert isinstance(applied, Seal)
    seal = world.seals.approve(BOB, applied.seal_id).value
    assert isinstance(seal, Seal)
    return seal


def ca_list(publisher: Publisher, algorithm: str = "sm2_sm3") -> crl.Crl:
    found = crl.parse((publisher.folder / f"410100-{algorithm}.crl").read_bytes())
    assert found
    return found


def serial(world: World, seal: Seal) -> int:
    from signing import store

    key = key_name(seal.seal_id, "sm2_sm3")
    (found,) = world.transactions.read(lambda tx: store.certificates(tx, key=key))
    return found.cert.serial


def test_missing_lists_are_made_once_and_signed_by_root_and_ca(
    world: World, publisher: Publisher, tmp_path: Path
) -> None:
    assert set(publisher.publish()) == NAMES
    assert publisher.publish() == ()
    assert overlay.unread(tmp_path / "hub") == ()
    lists = read_lists(publisher.folder)
    assert len(lists) == 4
    for role in (Role.CA, Role.ROOT):
        issuer = world.authority.current(role, "sm2_sm3").cert
        found = crl.for_issuer(lists, issuer, world.clock.now())
        assert found is not None
        assert not found.revoked
    assert not list(publisher.folder.glob("*.fresh"))


def test_a_list_is_renewed_at_half_its_life_with_a_larger_number(
    world: World, publisher: Publisher
) -> None:
    publisher.publish()
    first = ca_list(publisher)
    world.clock.advance(hours=11)
    assert publisher.publish() == ()
    world.clock.advance(hours=2)
    assert set(publisher.publish()) == {"410100-sm2_sm3.crl", "410100-ecdsa_p256.crl"}
    second = ca_list(publisher)
    assert second.number > first.number
    assert second.next_update == world.clock.now() + timedelta(hours=24)


def test_a_revoked_seal_is_listed_at_once_and_twice_in_a_second_too(
    world: World, publisher: Publisher
) -> None:
    publisher.publish()
    one, two = in_use(world), in_use(world)
    world.seals.revoke(BOB, one.seal_id, "closed")
    assert set(ca_list(publisher).revoked) == {serial(world, one)}
    world.seals.revoke(BOB, two.seal_id, "closed")
    found = ca_list(publisher)
    assert set(found.revoked) == {serial(world, one), serial(world, two)}
    assert not found.held


def test_a_suspended_seal_is_on_hold_until_it_is_resumed(
    world: World, publisher: Publisher, tmp_path: Path
) -> None:
    seal = in_use(world)
    world.seals.suspend(BOB, seal.seal_id, "loss suspected")
    assert ca_list(publisher).held == {serial(world, seal)}
    text = subprocess.run(
        ["openssl", "crl", "-inform", "DER", "-noout", "-text"],
        input=(publisher.folder / "410100-ecdsa_p256.crl").read_bytes(),
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert "Certificate Hold" in text
    resumed = world.seals.resume(BOB, seal.seal_id).value
    assert isinstance(resumed, Seal)
    assert resumed.state is SealState.IN_USE
    assert not ca_list(publisher).revoked
    material = using.material(world, approver("staff:cat"), seal.seal_id, "sm2_sm3")
    assert parse(material.certificate).serial == serial(world, seal)  # type: ignore[union-attr] # not refused


def test_a_seal_revoked_while_on_hold_stays_listed_from_the_hold(
    world: World, publisher: Publisher
) -> None:
    seal = in_use(world)
    held_at = world.clock.now()
    world.seals.suspend(BOB, seal.seal_id, "loss suspected")
    world.clock.advance(hours=5)
    world.seals.revoke(BOB, seal.seal_id, "lost")
    found = ca_list(publisher)
    assert not found.held
    assert found.revoked == {serial(world, seal): held_at.replace(microsecond=0)}


def test_without_an_authority_nothing_is_written_and_nobody_asked(
    make_database: Any, clock: Any, tmp_path: Path
) -> None:
    from signing import store

    def nobody() -> RegionalCA:
        raise AssertionError

    made = Publisher(
        home=tmp_path / "hub",
        region="410100",
        transactions=make_database(store.METADATA).transactions,
        authority=nobody,
        clock=clock,
    )
    assert made.publish() == ()
    assert not made.folder.exists()


def test_a_signer_that_does_not_answer_delays_the_list_but_not_the_revocation(
    world: World, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = in_use(world)
    publisher.publish()

    def silent(*_: object, **__: object) -> bytes:
        raise TongbanError("signer-unreachable")

    with monkeypatch.context() as patch:
        patch.setattr(RegionalCA, "crl", silent)
        done = world.seals.revoke(BOB, seal.seal_id, "closed").value
        assert isinstance(done, Seal)
        assert done.state is SealState.REVOKED
        assert not ca_list(publisher).revoked
        with pytest.raises(TongbanError, match="signer-unreachable"):
            publisher.publish()
    publisher.publish()
    assert set(ca_list(publisher).revoked) == {serial(world, seal)}


@pytest.mark.parametrize("left", [b"", b"rubbish", b"\x30\x03\x02\x01\x01"])
def test_a_broken_or_foreign_file_in_the_place_of_a_list_is_replaced(
    publisher: Publisher, left: bytes
) -> None:
    publisher.publish()
    target = publisher.folder / "410100-sm2_sm3.crl"
    target.write_bytes(left)
    assert publisher.publish() == (target.name,)
    target.write_bytes((publisher.folder / "410100-ecdsa_p256.crl").read_bytes())
    assert publisher.publish() == (target.name,)


def test_many_at_once_leave_one_whole_list_that_knows_all(
    world: World, publisher: Publisher
) -> None:
    seals = [in_use(world) for _ in range(3)]
    service: SealService = world.seals
    threads = [
        Thread(target=service.revoke, args=(BOB, seal.seal_id, "closed")) for seal in seals
    ] + [Thread(target=publisher.publish) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(ca_list(publisher).revoked) == {serial(world, seal) for seal in seals}


def test_the_book_of_trust_sees_a_new_list_and_passes_over_what_is_none(
    world: World, publisher: Publisher, tmp_path: Path
) -> None:
    home = tmp_path / "hub"
    trust.save(world.authority.trust_list(1), home)
    book = TrustBook(home)
    assert book.crls() == ()
    publisher.publish()
    assert len(book.trust(world.clock.now()).crls) == 4
    folder = lists_folder(home)
    (folder / "420100.crl").write_bytes(b"rubbish")
    (folder / "430100.crl").write_bytes(bytes(3 << 20))
    (folder / "notes.txt").write_bytes((folder / "410100-sm2_sm3.crl").read_bytes())
    assert len(book.crls()) == 4
    seal = in_use(world)
    world.clock.advance(hours=1)
    world.seals.revoke(BOB, seal.seal_id, "closed")
    newest = {data for data in book.crls() if (found := crl.parse(data)) and found.revoked}
    assert len(newest) == 2


def test_the_bundle_for_others_follows_the_lists(
    world: World, publisher: Publisher, tmp_path: Path
) -> None:
    (tmp_path / "hub" / "trust").mkdir(parents=True)
    publisher.publish()
    bundle = tmp_path / "hub" / "trust" / "revocation.crl"
    assert set(crl.from_file(bundle.read_bytes())) == set(read_lists(publisher.folder))
    seal = in_use(world)
    world.seals.revoke(BOB, seal.seal_id, "closed")
    lists = [crl.parse(data) for data in crl.from_file(bundle.read_bytes())]
    assert sum(len(item.revoked) for item in lists if item) == 2
