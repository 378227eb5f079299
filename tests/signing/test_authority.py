"""The regional CA: a chain that openssl accepts, the same one whenever it is asked again."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kernel.errors import Refused, TongbanError
from signing import store, trust, x509
from signing.authority import FAMILIES, LOG_KEY, PEER_KEY, RegionalCA
from signing.seal_model import IssuedCertificate, Region, Role
from signing.trust import TrustStore
from tests.conftest import MakeDatabase
from tests.signing.world import ORG, World, approver, root


def certify(
    world: World, algorithm: str, subject: str = "seal-X"
) -> tuple[IssuedCertificate, tuple[x509.Cert, ...]]:
    return world.authority.certify(
        root(), subject=subject, algorithm=algorithm, org=ORG, org_name="示例市公安局"
    )


def test_establishing_twice_changes_nothing(world: World) -> None:
    first = world.authority.establish(root())
    assert world.authority.establish(root()) == first
    assert len(first) == 8
    assert {item.cert.common_name for item in first} == {
        f"示例市{title}（演示 DEMO）"
        for title in ("根证书", "电子证照签发证书", "制章机构", "时间戳服务")
    }
    assert world.signer.key(LOG_KEY).algorithm == "ed25519"
    assert world.signer.key(PEER_KEY).purposes == ("peer-message",)


def test_only_those_with_the_right_may_use_it(world: World) -> None:
    actor = approver("staff:ann")
    refused = Refused("not-permitted", {"action": "signing.authority"})
    assert world.authority.establish(actor) == refused
    assert (
        world.authority.certify(
            actor, subject="seal-X", algorithm="sm2_sm3", org=ORG, org_name="示例市公安局"
        )
        == refused
    )


def test_before_it_is_established_it_says_so(world: World, make_database: MakeDatabase) -> None:
    empty = RegionalCA(
        region=Region("410200", "示例市"),
        signer=world.signer,
        transactions=make_database(store.METADATA, name="other").transactions,
        clock=world.clock,
    )
    with pytest.raises(TongbanError, match="authority-not-established"):
        empty.trust_list(1)


@pytest.mark.parametrize("algorithm", FAMILIES)
def test_a_signer_certificate_chains_to_the_root(world: World, algorithm: str) -> None:
    issued, chain = certify(world, algorithm)
    assert certify(world, algorithm) == (issued, chain)
    listed = world.authority.trust_list(1)
    path = x509.chain_to(issued.cert, listed.anchors, chain)
    assert path is not None
    assert [item.ca for item in path] == [False, True, True]
    assert issued.cert.common_name == "示例市公安局（演示 DEMO）"
    assert issued.cert.key_usage == x509.SIGNER.key_usage
    assert path[1].path_length == 0


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command here")
@pytest.mark.parametrize("algorithm", FAMILIES)
def test_openssl_verifies_the_chain_strictly(world: World, algorithm: str, tmp_path: Path) -> None:
    issued, chain = certify(world, algorithm)
    anchor = world.authority.current(Role.ROOT, algorithm).cert
    (tmp_path / "root").write_bytes(x509.to_pem(anchor.der))
    (tmp_path / "ca").write_bytes(x509.to_pem(chain[0].der))
    (tmp_path / "leaf").write_bytes(x509.to_pem(issued.cert.der))
    (tmp_path / "crl").write_bytes(world.authority.crl(algorithm))
    at = str(int(world.clock.now().timestamp()))
    words = ["openssl", "verify", "-x509_strict", "-partial_chain", "-attime", at]
    words += ["-vfyopt", "distid:1234567812345678"] if algorithm == "sm2_sm3" else []
    # The command hands the signer id to the last certificate only, hence link by link.
    for issuer, subject in (("root", "ca"), ("ca", "leaf")):
        done = subprocess.run(
            [*words, "-CAfile", issuer, subject],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == f"{subject}: OK\n", done.stderr
    subprocess.run(
        ["openssl", "crl", "-inform", "DER", "-in", "crl", "-noout"], cwd=tmp_path, check=True
    )


def test_a_trust_list_survives_the_folder(world: World, tmp_path: Path) -> None:
    listed = world.authority.trust_list(3)
    trust.save(listed, tmp_path)
    loaded = TrustStore.load(tmp_path)
    assert loaded.lists == (listed,)
    assert loaded.digest
    now = world.clock.now()
    assert loaded.anchors(now) == listed.anchors
    assert loaded.region("410105001", now) == listed
    assert loaded.region("420100", now) is None
    world.clock.advance(days=366)
    assert loaded.anchors(world.clock.now()) == ()
    later = world.authority.trust_list(4)
    trust.save(later, tmp_path)
    assert TrustStore.load(tmp_path).lists == (later,)


def test_no_list_means_no_trust(tmp_path: Path) -> None:
    assert TrustStore.load(tmp_path).lists == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("schema = 1", "schema = 2"),
        ("schema = 1", "schema ="),
        ("version = 3", ""),
        ("version = 3", 'version = "x"'),
        ("issued = 2026", "issued = 2036"),
        ("T00:00:00Z", "T00:00:00"),
        ("410100-anchors-3.pem", "../410100-anchors-3.pem"),
        ("410100-anchors-3.pem", "absent.pem"),
        ("410100-anchors-3.pem", "410100.toml"),
    ],
)
def test_a_damaged_list_is_named(world: World, tmp_path: Path, old: str, new: str) -> None:
    file = trust.save(world.authority.trust_list(3), tmp_path)
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(TongbanError, match=r"trust-list-unreadable.*410100\.toml"):
        TrustStore.load(tmp_path)


def test_certificates_given_by_hand_become_anchors(world: World) -> None:
    listed = world.authority.trust_list(1)
    pems = [x509.to_pem(item.der) for item in (*listed.anchors, *listed.cas, *listed.seal_makers)]
    given = TrustStore.from_pems(b"".join(pems))
    now = world.clock.now()
    assert given.anchors(now) == listed.anchors
    assert given.cas(now) == listed.cas
    assert given.seal_makers(now) == listed.seal_makers
    assert TrustStore.from_pems(pems[2]).anchors(now) == listed.cas[:1]
    with pytest.raises(TongbanError, match="certificate-unreadable"):
        TrustStore.from_pems(b"words")


def test_two_hubs_processes_certifying_one_key_keep_the_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = certify(world, "sm2_sm3")
    find = world.authority._find
    answers = iter([None])
    monkeypatch.setattr(world.authority, "_find", lambda key: next(answers, find(key)))
    assert certify(world, "sm2_sm3")[0] == first


def test_a_certificate_that_does_not_verify_is_never_registered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signing.authority.is_issued_by", lambda *_: False)
    with pytest.raises(TongbanError, match="signature-failed"):
        certify(world, "ecdsa_p256", "seal-Y")
    assert world.transactions.read(lambda tx: store.certificates(tx, key="seal-y.p256")) == ()
