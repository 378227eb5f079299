"""Signed trust lists: who may vouch for them, what is refused, what a cut does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kernel.actors import Actor, ActorKind
from kernel.canonical import canonical
from kernel.errors import Refused, TongbanError
from signing.algorithms import by_name
from signing.trust import TrustList, TrustStore
from signing.trust_exchange import cut, fingerprint, held, history, import_list
from signing.trust_file import LARGEST, ListSigner, read, write
from signing.x509 import ROOT, SIGNER, TRUST_LIST_SIGNER, Cert, Name, Profile, build, parse

from .world import World, root


def exported(world: World, version: int, days: int = 365) -> tuple[TrustList, bytes]:
    made = world.authority.signed_trust_list(root(), version, days)
    assert not isinstance(made, Refused)
    return made


def anchor_of(listed: TrustList) -> str:
    return fingerprint(listed.anchors[0])


def refused(code: str, act: Callable[[], object]) -> None:
    with pytest.raises(TongbanError) as caught:
        act()
    assert caught.value.code == code


class Stranger:
    """Somebody with keys of his own who would like to be trusted."""

    def __init__(self, at: datetime, algorithm: str = "sm2_sm3") -> None:
        self.at, self.algorithm, self.method = at, algorithm, by_name(algorithm)
        self.private = self.method.generate()
        self.root = self.certify(self.private, ROOT)
        self.key = self.method.generate()
        self.signer = self.certify(self.key, TRUST_LIST_SIGNER)

    def certify(self, key: bytes, profile: Profile, days: int = 300) -> Cert:
        issuer = None if key is self.private else self.root
        made = build(
            subject=Name("别处根 DEMO" if issuer is None else "别处 DEMO"),
            issuer_raw=issuer.subject_raw if issuer else None,
            spki=self.method.public_key(key),
            issuer_spki=self.method.public_key(self.private),
            profile=profile,
            not_before=self.at - timedelta(days=30),
            not_after=self.at + timedelta(days=days),
            algorithm=self.algorithm,
            sign=lambda digest: self.method.sign_digest(self.private, digest),
        )
        return parse(made)

    def signs(self, listed: TrustList, cert: Cert | None = None, key: bytes = b"") -> bytes:
        used = key or self.key
        sign = ListSigner(
            cert or self.signer, self.algorithm, lambda it: self.method.sign_digest(used, it)
        )
        return write(listed, [sign])


def test_a_list_goes_to_another_hub_and_is_trusted_there(world: World, tmp_path: Path) -> None:
    listed, data = exported(world, 1)
    now = world.clock.now()
    done = import_list(data, tmp_path, now, anchor=anchor_of(listed))
    assert (done.trust, done.before, done.changed) == (listed, 0, True)
    assert TrustStore.load(tmp_path).anchors(now) == listed.anchors
    again = import_list(data, tmp_path, now)
    assert (again.trust, again.changed) == (listed, False)
    later, more = exported(world, 4)
    assert import_list(more, tmp_path, now).before == 1
    assert held(tmp_path, "410100") == later
    assert history(tmp_path, "410100") == (1, 4)
    assert history(tmp_path, "410200") == ()


def test_both_families_sign_and_each_suffices(world: World, tmp_path: Path) -> None:
    listed, data = exported(world, 1)
    signed = read(data)
    assert [item.algorithm for item in signed.signatures] == ["sm2_sm3", "ecdsa_p256"]
    now = world.clock.now()
    for root_cert in listed.anchors:
        assert signed.vouched((root_cert,), now)
    fresh = import_list(data, tmp_path, now, anchor=fingerprint(listed.anchors[1]))
    assert fresh.changed


def test_only_the_authority_may_sign_a_list(world: World) -> None:
    nobody = Actor("nobody", ActorKind.STAFF, org="x", division="410100", rights={})
    assert isinstance(world.authority.signed_trust_list(nobody, 1), Refused)


def test_the_first_list_needs_the_anchor_got_in_another_way(world: World, tmp_path: Path) -> None:
    listed, data = exported(world, 1)
    now = world.clock.now()
    refused("trust-anchor-needed", lambda: import_list(data, tmp_path, now))
    refused("trust-anchor-unknown", lambda: import_list(data, tmp_path, now, anchor="00" * 32))
    assert held(tmp_path, "410100") is None
    spelled = anchor_of(listed).upper()
    colons = ":".join(spelled[at : at + 2] for at in range(0, 64, 2))
    assert import_list(data, tmp_path, now, anchor=colons).changed


def test_an_older_or_another_list_of_the_same_number_is_refused(
    world: World, tmp_path: Path
) -> None:
    listed, old = exported(world, 1)
    _, new = exported(world, 2)
    _, twin = exported(world, 2, days=100)
    now = world.clock.now()
    import_list(new, tmp_path, now, anchor=anchor_of(listed))
    refused("trust-list-rollback", lambda: import_list(old, tmp_path, now))
    refused("trust-list-rollback", lambda: import_list(twin, tmp_path, now))
    refused(
        "trust-list-rollback", lambda: import_list(old, tmp_path, now, anchor=anchor_of(listed))
    )
    (tmp_path / "registry/signing/trust/410100.toml").unlink()
    by_hand = anchor_of(listed)
    refused("trust-list-rollback", lambda: import_list(old, tmp_path, now, anchor=by_hand))
    assert import_list(new, tmp_path, now, anchor=by_hand).changed


def test_a_list_out_of_its_time_is_refused(world: World, tmp_path: Path) -> None:
    listed, data = exported(world, 1, days=30)
    now, anchor = world.clock.now(), anchor_of(listed)
    for at in (now - timedelta(minutes=61), now + timedelta(days=31)):
        with pytest.raises(TongbanError) as caught:
            import_list(data, tmp_path, at, anchor=anchor)
        assert caught.value.code in {"trust-list-not-in-force", "trust-list-signature"}
    late = now + timedelta(days=31)
    refused("trust-list-not-in-force", lambda: import_list(data, tmp_path, late, anchor=anchor))


def test_a_list_signed_by_somebody_else_is_refused(world: World, tmp_path: Path) -> None:
    listed, data = exported(world, 1)
    now = world.clock.now()
    import_list(data, tmp_path, now, anchor=anchor_of(listed))
    stranger = Stranger(now)
    wanted = replace(listed, version=2)
    forged = stranger.signs(wanted)
    refused("trust-list-signature", lambda: import_list(forged, tmp_path, now))
    added = stranger.signs(replace(wanted, anchors=(*listed.anchors, stranger.root)))
    refused("trust-list-signature", lambda: import_list(added, tmp_path, now))
    unsigned = write(wanted, [])
    refused("trust-list-signature", lambda: import_list(unsigned, tmp_path, now))
    assert held(tmp_path, "410100") == listed


@pytest.mark.parametrize("profile", [SIGNER, ROOT])
def test_a_certificate_that_is_not_for_lists_signs_none(
    world: World, tmp_path: Path, profile: Profile
) -> None:
    now = world.clock.now()
    region = Stranger(now)
    listed = replace(exported(world, 1)[0], anchors=(region.root,), cas=(), seal_makers=())
    anchor = fingerprint(region.root)
    other = region.certify(region.key, profile)
    wrong = region.signs(listed, other)
    refused("trust-list-signature", lambda: import_list(wrong, tmp_path, now, anchor=anchor))
    itself = region.signs(listed, region.root, region.private)
    refused("trust-list-signature", lambda: import_list(itself, tmp_path, now, anchor=anchor))
    assert import_list(region.signs(listed), tmp_path, now, anchor=anchor).changed


def test_an_ended_list_certificate_signs_nothing(world: World, tmp_path: Path) -> None:
    now = world.clock.now()
    region = Stranger(now)
    listed = replace(exported(world, 1)[0], anchors=(region.root,))
    ended = region.signs(listed, region.certify(region.key, TRUST_LIST_SIGNER, days=-1))
    anchor = fingerprint(region.root)
    refused("trust-list-signature", lambda: import_list(ended, tmp_path, now, anchor=anchor))


def test_a_new_anchor_comes_with_a_list_that_an_old_one_vouches_for(
    world: World, tmp_path: Path
) -> None:
    now = world.clock.now()
    region, successor = Stranger(now), Stranger(now)
    first = replace(exported(world, 1)[0], anchors=(region.root,))
    import_list(region.signs(first), tmp_path, now, anchor=fingerprint(region.root))
    second = replace(first, version=2, anchors=(successor.root,))
    import_list(region.signs(second), tmp_path, now)
    third = replace(second, version=3)
    assert import_list(successor.signs(third), tmp_path, now).changed
    fourth = region.signs(replace(second, version=4))
    refused("trust-list-signature", lambda: import_list(fourth, tmp_path, now))


def test_production_refuses_a_demo_list(world: World, tmp_path: Path) -> None:
    listed, data = exported(world, 1)
    act = lambda: import_list(  # noqa: E731 - the call under test
        data, tmp_path, world.clock.now(), anchor=anchor_of(listed), allow_demo=False
    )
    refused("trust-list-demo", act)


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["list"].update(version=2),
        lambda raw: raw["list"].update(expires="2036-01-01T00:00:00Z"),
        lambda raw: raw["list"].update(seal_makers=[]),
        lambda raw: raw["signatures"][0].update(signature="AAAA"),
        lambda raw: raw["signatures"][0].update(algorithm="ecdsa_p256"),
        lambda raw: raw["signatures"][0].update(signature=raw["signatures"][1]["signature"]),
    ],
)
def test_a_changed_list_is_not_vouched_for(
    world: World, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    listed, data = exported(world, 1)
    raw = json.loads(data)
    change(raw)
    anchor, now = anchor_of(listed), world.clock.now()
    changed = canonical(raw)
    refused("trust-list-signature", lambda: import_list(changed, tmp_path, now, anchor=anchor))


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.update(more=1),
        lambda raw: raw.pop("signatures"),
        lambda raw: raw.update(signatures=None),
        lambda raw: raw["list"].update(schema=2),
        lambda raw: raw["list"].update(region="../../x"),
        lambda raw: raw["list"].update(region="41"),
        lambda raw: raw["list"].update(region=410100),
        lambda raw: raw["list"].update(name="a\u202eb"),
        lambda raw: raw["list"].update(name=""),
        lambda raw: raw["list"].update(version=0),
        lambda raw: raw["list"].update(version="1"),
        lambda raw: raw["list"].update(version=True),
        lambda raw: raw["list"].update(issued="2026-03-01T00:00:00+08:00"),
        lambda raw: raw["list"].update(expires="2020-01-01T00:00:00Z"),
        lambda raw: raw["list"].update(demo="yes"),
        lambda raw: raw["list"].update(anchors=[]),
        lambda raw: raw["list"].update(anchors=["AAAA"]),
        lambda raw: raw["list"].update(anchors=[7]),
        lambda raw: raw["list"].update(anchors="x"),
        lambda raw: raw["list"].update(cas=["not base64"]),
        lambda raw: raw["list"].update(cas=raw["list"]["cas"] * 101),
        lambda raw: raw["list"].pop("cas"),
        lambda raw: raw["signatures"][0].update(algorithm="none"),
        lambda raw: raw["signatures"][0].update(certificate=""),
    ],
)
def test_a_file_that_is_no_list_is_named_so(world: World, change: Callable[[Any], None]) -> None:
    raw = json.loads(exported(world, 1)[1])
    change(raw)
    refused("trust-list-malformed", lambda: read(json.dumps(raw).encode()))
    refused("trust-list-malformed", lambda: read(canonical(raw)))


def test_bytes_of_any_kind_are_answered(world: World) -> None:
    data = exported(world, 1)[1]
    spaced = json.dumps(json.loads(data), indent=1).encode()
    doubled = data.replace(b'"demo":true', b'"demo":false,"demo":true')
    wrong = (b"", b"{}", b"[]", b"7", b"\xff", b"[" * 100_000, data[:-1], data + b"\n", spaced)
    for rubbish in (*wrong, doubled, b"x" * (LARGEST + 1)):
        refused("trust-list-malformed", lambda given=rubbish: read(given))  # type: ignore[misc]


def test_a_cut_region_is_trusted_until_then_and_stays_cut_over_imports(
    world: World, tmp_path: Path
) -> None:
    listed, data = exported(world, 1)
    now = world.clock.now()
    import_list(data, tmp_path, now, anchor=anchor_of(listed))
    since = now + timedelta(hours=2)
    assert cut(tmp_path, "410100", since).cut == since
    store = TrustStore.load(tmp_path)
    assert store.anchors(since - timedelta(seconds=1)) == listed.anchors
    assert store.anchors(since) == ()
    assert [item.region for item in store.cut_at(since)] == ["410100"]
    assert cut(tmp_path, "410100", since + timedelta(days=1)).cut == since
    assert cut(tmp_path, "410100", now).cut == now.replace(microsecond=0)
    _, more = exported(world, 2)
    assert import_list(more, tmp_path, now).trust.cut == now.replace(microsecond=0)
    assert not TrustStore.load(tmp_path).in_force(now)
    refused("trust-region-unknown", lambda: cut(tmp_path, "410200", now))


def test_a_cut_region_begins_anew_with_new_anchors_given_by_hand(
    world: World, tmp_path: Path
) -> None:
    now = world.clock.now()
    region, successor = Stranger(now), Stranger(now)
    first = replace(exported(world, 1)[0], anchors=(region.root,))
    import_list(region.signs(first), tmp_path, now, anchor=fingerprint(region.root))
    cut(tmp_path, "410100", now)
    second = replace(first, version=2, anchors=(region.root, successor.root))
    by_hand = fingerprint(successor.root)
    assert import_list(successor.signs(second), tmp_path, now, anchor=by_hand).trust.cut
    third = replace(first, version=3, anchors=(Stranger(now).root,))
    data = region.signs(third)
    refused(
        "trust-list-signature",
        lambda: import_list(data, tmp_path, now, anchor=fingerprint(third.anchors[0])),
    )
    last = Stranger(now)
    data = last.signs(replace(first, version=3, anchors=(last.root,)))
    assert import_list(data, tmp_path, now, anchor=fingerprint(last.root)).trust.cut is None
