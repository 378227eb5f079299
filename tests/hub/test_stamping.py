"""Time stamps in issued files, by settings; what happens without one is told, never silent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certificates.register_model import Step
from hub.settings import load
from hub.wiring import Hub, stamps
from kernel.errors import TongbanError
from signing.policies import load as policy
from signing.seal_model import Role
from signing.verify import inspect, judge
from signing.x509 import to_pem
from tests.hub.sealed import issued, originals, sealed
from tests.signing.test_time_stamps import outside, reply

LEVELS = [("B-T", "B-T"), ("B-LT", "B-LT"), ("B-LTA", "B-LTA")]
OWN = {"time_stamps": "own", "ofd_time_stamps": True}


def levels(hub: Hub) -> dict[str, str]:
    """Issue, judge both files strictly, return the level of each."""
    hub.clock.advance(seconds=1)  # type: ignore[attr-defined] # a fixed clock in tests
    found = {}
    for name, data in originals(hub, issued(hub)).items():
        trust = hub.trust.trust(hub.clock.now())
        verdict = judge(inspect(data), policy("certificate"), trust, hub.clock.now())
        assert verdict.passed, verdict.to_json()
        found[name] = verdict.signatures[0].level
    return found


def events(hub: Hub, kind: str) -> list[Any]:
    rows = hub.database.transactions.read(lambda tx: hub.database.journal.after(tx, 0, 1000))
    return [row for row in rows if row.kind == kind]


def test_without_settings_nothing_is_stamped(tmp_path: Path) -> None:
    with sealed(tmp_path / "hub") as hub:
        assert hub.stamping is None
        assert levels(hub) == {"pdf": "B-B", "ofd": "B-B"}


@pytest.mark.parametrize(("wanted", "reached"), LEVELS)
def test_the_own_authority_raises_what_is_issued(tmp_path: Path, wanted: str, reached: str) -> None:
    with sealed(tmp_path / "hub", **OWN, pdf_level=wanted) as hub:
        assert levels(hub) == {"pdf": reached, "ofd": "B-T"}


def test_what_a_file_needs_lies_in_it_and_no_address_in_it_is_called(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        nobody.settimeout(0)
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/ocsp"
        given = {**OWN, "pdf_level": "B-LTA", "ocsp_address": address}
        with sealed(tmp_path / "hub", **given) as hub:
            hub.clock.advance(seconds=1)  # type: ignore[attr-defined] # a fixed clock in tests
            data, now = originals(hub, issued(hub))["pdf"], hub.clock.now()
            bare = replace(hub.trust.trust(now), crls=(), ocsps=())
            alone = judge(inspect(data), policy("certificate"), bare, now)
            found = hub.inspector.verdict(data, "file.pdf", "certificate", now)
        assert address.encode() in data, "for others"
        for verdict in (alone, found):
            assert verdict.passed, verdict.to_json()
            assert verdict.signatures[0].revocation[0].source == "ocsp"
        with pytest.raises(BlockingIOError):
            nobody.accept()


@pytest.fixture
def abroad(tmp_path: Path) -> Iterator[tuple[Hub, list[bool]]]:
    """A hub whose authority lies outside, and a switch that makes that fail."""
    works = [True]
    opened: list[Hub] = []

    def answer(body: bytes) -> tuple[int, str, bytes]:
        done = reply(opened[0].time_authority.answer(body))
        return done if works[0] else (503, "text/plain", b"")

    anchors = tmp_path / "anchors.pem"
    with outside(answer) as address:
        given = {
            "time_stamps": "outside",
            "time_stamp_url": address,
            "time_stamp_anchors": anchors,
            "ofd_time_stamps": True,
            "pdf_level": "B-LT",
        }
        with sealed(tmp_path / "hub", **given, time_stamp_failure="later") as hub:
            opened.append(hub)
            roots = (hub.authority.current(Role.ROOT, name) for name in ("sm2_sm3", "ecdsa_p256"))
            anchors.write_bytes(b"".join(to_pem(root.cert.der) for root in roots))
            yield hub, works


def test_an_authority_outside_stamps_what_is_issued(abroad: tuple[Hub, list[bool]]) -> None:
    assert levels(abroad[0]) == {"pdf": "B-LT", "ofd": "B-T"}


def test_its_failure_is_recorded_and_the_files_go_out_without(
    abroad: tuple[Hub, list[bool]],
) -> None:
    hub, works = abroad
    works[0] = False
    assert levels(hub) == {"pdf": "B-B", "ofd": "B-B"}
    told = [row.body for row in events(hub, "signing.time-stamp-failed")]
    assert len(told) == 2
    assert all(b'"issued":"later"' in body for body in told)
    assert all(b"time-stamp-unreachable" in body for body in told)


def test_or_nothing_is_issued_until_it_answers(tmp_path: Path) -> None:
    anchors = tmp_path / "anchors.pem"
    given = {
        "time_stamps": "outside",
        "time_stamp_url": "http://127.0.0.1:9/tsa",
        "time_stamp_anchors": anchors,
        "pdf_level": "B-T",
    }
    with sealed(tmp_path / "hub", **given) as hub:
        anchors.write_bytes(to_pem(hub.authority.current(Role.ROOT, "ecdsa_p256").cert.der))
        with pytest.raises(TongbanError, match="time-stamp-unreachable"):
            issued(hub)
        assert all(step is not Step.ISSUED for _, step in hub.register.counts())
        assert len(events(hub, "signing.time-stamp-failed")) == 1
        assert not events(hub, "certificates.issued")


def test_settings_that_do_not_fit_are_named(tmp_path: Path) -> None:
    for wrong, name in (
        ({"pdf_level": "B-T"}, "TONGBAN_PDF_LEVEL"),
        ({"ofd_time_stamps": True}, "TONGBAN_OFD_TIME_STAMPS"),
        ({"time_stamps": "own", "pdf_level": "B-X"}, "TONGBAN_PDF_LEVEL"),
        ({"time_stamp_timeout": 0}, "TONGBAN_TIME_STAMP_TIMEOUT"),
        ({"ocsp_address": "ocsp.example"}, "TONGBAN_OCSP_ADDRESS"),
        ({"ocsp_address": "ldap://ocsp.example"}, "TONGBAN_OCSP_ADDRESS"),
        ({"ocsp_address": "https://ocsp.示例/ocsp"}, "TONGBAN_OCSP_ADDRESS"),
    ):
        with pytest.raises(TongbanError) as refused:
            load(**wrong)
        assert refused.value.params["names"] == name
    root = tmp_path / "root.pem"
    root.write_text("nothing")
    for url, path, code in (
        ("", root, "TONGBAN_TIME_STAMP_URL"),
        ("https://time.example", None, "TONGBAN_TIME_STAMP_ANCHORS"),
        ("https://time.example", tmp_path / "absent.pem", "TONGBAN_TIME_STAMP_ANCHORS"),
        ("https://time.example", root, "certificate-unreadable"),
    ):
        given = load(time_stamps="outside", time_stamp_url=url, time_stamp_anchors=path)
        with pytest.raises(TongbanError, match=code):
            stamps.authority(given)


def test_an_address_in_the_clear_is_called_on_this_machine_alone(tmp_path: Path) -> None:
    with sealed(tmp_path / "hub") as hub:
        root = tmp_path / "root.pem"
        root.write_bytes(to_pem(hub.authority.current(Role.ROOT, "ecdsa_p256").cert.der))
    for url, fits in (
        ("http://time.example/tsa", False),
        ("http://10.0.0.1/tsa", False),
        ("http://127.0.0.2:318/tsa", True),
        ("http://localhost/tsa", True),
        ("http://[::1]/tsa", True),
        ("https://time.example/tsa", True),
        ("ftp://localhost/tsa", False),
    ):
        given = load(time_stamps="outside", time_stamp_url=url, time_stamp_anchors=root)
        if fits:
            assert stamps.authority(given).address == url
        else:
            with pytest.raises(TongbanError, match="time-stamp-address"):
                stamps.authority(given)
