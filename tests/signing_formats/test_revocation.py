"""What revocation lists do to a verdict: good, ended, forged, another's, too long, on hold."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hub.verify import Options, run
from signing import crl, der, x509
from signing.algorithms import by_name
from signing.model import Indication, Verdict
from signing.policies import load
from signing.verify import inspect, judge

from .conftest import AT, Party, Region, issue

NOW = AT + timedelta(hours=2)
DAY = timedelta(days=1)
POLICY = load("certificate")
Sign = Callable[[bytes], bytes]


def listing(
    issuer: Party,
    revoked: list[tuple[int, datetime]] | None = None,
    *,
    made: datetime = AT + timedelta(hours=1),
    ends: datetime = AT + DAY,
    number: int = 1,
    held: tuple[int, ...] = (),
    sign: Sign | None = None,
) -> bytes:
    return x509.build_crl(
        issuer_raw=x509.parse(issuer.cert).subject_raw,
        issuer_spki=issuer.spki,
        revoked=revoked or [],
        number=number,
        this_update=made,
        next_update=ends,
        algorithm=issuer.algorithm,
        sign=sign or issuer.sign,
        held=held,
    )


def judged(
    sealed: bytes,
    region: Region,
    *lists: bytes,
    at: datetime = NOW,
    recorded: datetime | None = None,
) -> Verdict:
    trust = replace(region.trust, crls=lists)
    return judge(inspect(sealed), POLICY, trust, at, recorded)


def serial(region: Region) -> int:
    return x509.parse(region.signer.cert).serial


def subs(verdict: Verdict) -> list[str]:
    return [item.value for item in verdict.sub_indications]


UNKNOWN = "INDETERMINATE_REVOCATION"


def test_lists_of_both_cas_settle_it_and_the_verdict_tells_their_age(
    sealed: bytes, sm2: Region
) -> None:
    found = judged(sealed, sm2, listing(sm2.root), listing(sm2.ca))
    assert found.indication is Indication.TOTAL_PASSED
    assert UNKNOWN not in found.codes
    told = json.loads(json.dumps(found.to_json()))["signatures"][0]["revocation"]
    assert [(item["age_seconds"], item["ended"]) for item in told] == [(3600, False)] * 2
    assert told[0]["this_update"] == "2026-03-02T02:02:03.000Z"
    assert told[0]["issuer"] == x509.parse(sm2.ca.cert).subject


def test_a_list_of_the_issuing_ca_alone_leaves_the_ca_itself_unknown(
    sealed: bytes, sm2: Region
) -> None:
    assert UNKNOWN in judged(sealed, sm2, listing(sm2.ca)).codes


def test_an_ended_list_is_unknown_never_good(sealed: bytes, sm2: Region) -> None:
    lists = (listing(sm2.root, ends=AT + 9 * DAY), listing(sm2.ca))
    found = judged(sealed, sm2, *lists, at=AT + 2 * DAY)
    assert UNKNOWN in found.codes
    assert [item.ended for item in found.signatures[0].revocation] == [True, False]
    assert UNKNOWN not in judged(sealed, sm2, *lists).codes


def test_an_ended_list_still_tells_of_a_revocation(sealed: bytes, sm2: Region) -> None:
    old = listing(sm2.ca, [(serial(sm2), AT - DAY)])
    assert "E_REVOKED" in judged(sealed, sm2, old, at=AT + 9 * DAY).codes


def test_a_list_of_another_key_or_of_another_ca_of_the_same_name_is_ignored(
    sealed: bytes, sm2: Region
) -> None:
    bad = [(serial(sm2), AT - DAY)]
    stranger = issue("别处", "sm2_sm3", x509.ISSUING_CA)
    forged = listing(sm2.ca, bad, sign=stranger.sign)
    namesake = issue("演示签发 DEMO", "sm2_sm3", x509.ISSUING_CA, sm2.root)
    theirs = listing(namesake, bad)
    assert crl.parse(theirs).issuer_raw == x509.parse(sm2.ca.cert).subject_raw  # type: ignore[union-attr] # just made
    for alien in (forged, theirs):
        alone = judged(sealed, sm2, alien)
        assert "E_REVOKED" not in alone.codes
        assert UNKNOWN in alone.codes
        beside = judged(sealed, sm2, alien, listing(sm2.root), listing(sm2.ca))
        assert UNKNOWN not in beside.codes
    hidden = judged(sealed, sm2, listing(sm2.ca, bad), listing(namesake, made=NOW))
    assert "E_REVOKED" in hidden.codes


def test_a_certificate_that_may_not_list_lists_nothing(sealed: bytes, sm2: Region) -> None:
    ca = x509.parse(sm2.ca.cert)
    bare = replace(ca, key_usage=frozenset({x509.KeyUsage.KEY_CERT_SIGN}))
    assert crl.for_issuer((listing(sm2.ca),), ca)
    assert crl.for_issuer((listing(sm2.ca),), bare) is None


def test_the_newest_list_counts_and_one_from_after_the_judging_time_does_not(
    sealed: bytes, sm2: Region
) -> None:
    bad = [(serial(sm2), AT - DAY)]
    older = listing(sm2.ca, made=AT, number=1)
    newer = listing(sm2.ca, bad, made=AT + timedelta(hours=1), number=2)
    assert "E_REVOKED" in judged(sealed, sm2, older, newer).codes
    twin = listing(sm2.ca, bad, made=AT, number=2)
    assert "E_REVOKED" in judged(sealed, sm2, twin, older).codes
    before = judged(sealed, sm2, older, newer, at=AT + timedelta(minutes=5))
    assert "E_REVOKED" not in before.codes


def test_a_list_over_one_megabyte_is_none(sealed: bytes, sm2: Region) -> None:
    many = [((1 << 126) + number, AT - DAY) for number in range(31_000)]
    long = listing(sm2.ca, [*many, (serial(sm2), AT - DAY)])
    assert len(long) > crl.LARGEST
    assert crl.parse(long) is None
    found = judged(sealed, sm2, long)
    assert "E_REVOKED" not in found.codes
    assert UNKNOWN in found.codes


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", bytes(64)])
def test_rubbish_is_no_list(data: bytes) -> None:
    assert crl.parse(data) is None
    assert crl.from_file(data) == ()


def with_extension(issuer: Party, oid: str) -> bytes:
    """A list that says of itself, critically, that it is not the whole list."""
    method = by_name(issuer.algorithm)
    own = der.sequence(der.oid(oid), b"\x01\x01\xff", der.encode(der.OCTETS, der.integer(1)))
    tbs = der.sequence(
        der.integer(1),
        method.identifier,
        x509.parse(issuer.cert).subject_raw,
        der.time(AT),
        der.time(AT + DAY),
        der.encode(0xA0, der.sequence(own)),
    )
    return der.sequence(tbs, method.identifier, der.bits(issuer.sign_message(tbs)))


@pytest.mark.parametrize("oid", ["2.5.29.27", "2.5.29.28", "1.2.3.4"])
def test_a_partial_list_never_makes_a_certificate_good(
    sealed: bytes, sm2: Region, oid: str
) -> None:
    assert UNKNOWN in judged(sealed, sm2, with_extension(sm2.ca, oid), listing(sm2.root)).codes


def test_a_certificate_on_hold_may_come_back(sealed: bytes, sm2: Region) -> None:
    number = serial(sm2)
    on_hold = listing(sm2.ca, [(number, AT - DAY)], held=(number,))
    found = judged(sealed, sm2, on_hold, listing(sm2.root))
    assert (found.indication, subs(found)) == (Indication.INDETERMINATE, ["TRY_LATER"])
    assert "E_REVOKED" in found.codes
    ended = judged(sealed, sm2, on_hold, listing(sm2.root, ends=AT + 9 * DAY), at=AT + 3 * DAY)
    assert UNKNOWN in ended.codes
    later = listing(sm2.ca, [(number, AT + timedelta(minutes=30))], held=(number,))
    kept = judged(sealed, sm2, later, listing(sm2.root), recorded=AT + timedelta(minutes=1))
    assert kept.indication is Indication.TOTAL_PASSED
    assert "W_REVOKED_LATER" in kept.codes


def test_the_registers_record_proves_that_a_file_is_older_than_the_revocation(
    sealed: bytes, sm2: Region
) -> None:
    lists = (listing(sm2.ca, [(serial(sm2), AT + timedelta(minutes=30))]), listing(sm2.root))
    bare = judged(sealed, sm2, *lists)
    assert (bare.indication, subs(bare)) == (Indication.INDETERMINATE, ["REVOKED_NO_POE"])
    proven = judged(sealed, sm2, *lists, recorded=AT + timedelta(minutes=1))
    assert proven.indication is Indication.TOTAL_PASSED
    assert "W_REVOKED_LATER" in proven.codes
    late = judged(sealed, sm2, *lists, recorded=AT + timedelta(minutes=31))
    assert subs(late) == ["REVOKED_NO_POE"]
    backdated = judged(
        sealed, sm2, listing(sm2.ca, [(serial(sm2), AT - DAY)]), recorded=AT - 2 * DAY
    )
    assert backdated.indication is Indication.TOTAL_FAILED


def test_a_revoked_ca_is_said_as_such(sealed: bytes, sm2: Region) -> None:
    ca = x509.parse(sm2.ca.cert)
    lists = (listing(sm2.ca), listing(sm2.root, [(ca.serial, AT + timedelta(minutes=30))]))
    assert subs(judged(sealed, sm2, *lists)) == ["REVOKED_CA_NO_POE"]


@pytest.fixture
def folder(tmp_path: Path, sealed: bytes, sm2: Region) -> Path:
    (tmp_path / "good.ofd").write_bytes(sealed)
    certs = (sm2.root.cert, sm2.ca.cert, sm2.maker.cert)
    (tmp_path / "anchors.pem").write_bytes(b"".join(map(x509.to_pem, certs)))
    return tmp_path


def command(folder: Path, *trust: str, **more: object) -> tuple[int, dict[str, object]]:
    out = io.StringIO()
    options = Options(
        as_json=True,
        at="2026-03-02T03:02:03Z",
        trust=tuple(folder / name for name in trust),
        **more,  # type: ignore[arg-type] # named in the tests
    )
    code = run([str(folder / "good.ofd")], options, out)
    return code, json.loads(out.getvalue() or "{}")


@pytest.mark.parametrize("form", ["der", "pem"])
def test_the_command_takes_lists_beside_anchors(folder: Path, sm2: Region, form: str) -> None:
    bad = listing(sm2.ca, [(serial(sm2), AT - DAY)])
    (folder / "a.crl").write_bytes(bad if form == "der" else crl.to_pem(bad))
    code, found = command(folder, "anchors.pem", "a.crl")
    assert code == 1
    assert "E_REVOKED" in found["codes"]  # type: ignore[operator] # a list


def test_one_file_may_hold_anchors_and_lists(folder: Path, sm2: Region) -> None:
    both = folder / "both.pem"
    lists = (listing(sm2.ca), listing(sm2.root))
    both.write_bytes((folder / "anchors.pem").read_bytes() + b"".join(map(crl.to_pem, lists)))
    code, found = command(folder, "both.pem")
    assert code == 0
    assert UNKNOWN not in found["codes"]  # type: ignore[operator] # a list


def test_the_command_uses_the_lists_of_the_home(folder: Path, sm2: Region) -> None:
    home = folder / "home"
    lists = home / "registry" / "signing" / "crls"
    lists.mkdir(parents=True)
    (lists / "410100.crl").write_bytes(listing(sm2.ca, [(serial(sm2), AT - DAY)]))
    (lists / "broken.crl").write_bytes(b"-----BEGIN X509 CRL-----\n!\n-----END X509 CRL-----\n")
    code, found = command(folder, home=home)
    assert (code, found["sub_indications"]) == (3, ["NO_CERTIFICATE_CHAIN_FOUND"])
    trust = home / "registry" / "signing" / "trust"
    trust.mkdir()
    (trust / "a.pem").write_bytes((folder / "anchors.pem").read_bytes())
    (trust / "a.toml").write_text(
        'schema = 1\nregion = "410100"\nname = "x"\nversion = 1\nissued = 2026-01-01T00:00:00Z\n'
        'expires = 2027-01-01T00:00:00Z\nanchors = ["a.pem"]\n',
        "utf-8",
    )
    code, found = command(folder, home=home)
    assert code == 1
    assert "E_REVOKED" in found["codes"]  # type: ignore[operator] # a list


def test_a_broken_list_given_by_hand_is_a_usage_error(folder: Path) -> None:
    (folder / "broken.crl").write_bytes(b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
    assert command(folder, "anchors.pem", "broken.crl")[0] == 2


def test_the_report_in_words_names_the_list_and_its_age(folder: Path, sm2: Region) -> None:
    (folder / "a.crl").write_bytes(listing(sm2.ca))
    out = io.StringIO()
    trust = (folder / "anchors.pem", folder / "a.crl")
    run([str(folder / "good.ofd")], Options(at="2026-03-02T06:02:03Z", trust=trust), out)
    assert "吊销列表 2026-03-02 10:02:03（4 小时前）· revocation list 4 h old" in out.getvalue()
