"""The line to a paged web service, which has every fault that such services have."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import webline
from catalog.webline import Patience
from tests.catalog.pagedrig import CLOCK, brought, fails, people, told
from tests.catalog.pagedservice import Service, serving
from tests.catalog.rig import Rig


@pytest.fixture
def rig(paged: Rig) -> Rig:
    return paged


def test_a_token_may_have_a_header_of_its_own(rig: Rig, service: Service) -> None:
    brought(told(rig, token_file=str(rig.home / "token"), token_header="X-Api-Key"))
    assert {headers["x-api-key"] for headers in service.headers} == {"t0ken"}


@pytest.mark.parametrize("fault", ["503", "429", "500", "cut"])
def test_a_page_that_fails_once_is_asked_for_again(rig: Rig, service: Service, fault: str) -> None:
    service.faults = {3: [fault]}
    assert brought(rig) == 90
    assert service.asked == [1, 2, 3, 3, 4, 5, 1]


def test_an_answer_that_drips_is_cut_off(rig: Rig, service: Service) -> None:
    service.faults, service.lasting = {2: ["drip"]}, True
    fault = fails(told(rig, page_seconds=1, seconds=2))
    assert (fault.code, fault.params["seconds"]) == ("source-slow", "1")


def test_a_dead_source_is_told_by_its_name(rig: Rig) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{held.getsockname()[1]}/"
        (rig.home / "address").write_text(address, "utf-8")
        fault = fails(rig)
    assert (fault.code, fault.params["reason"]) == ("source-unreachable", "connection")


def test_a_machine_that_takes_no_connection_is_told(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webline, "CONNECT_SECONDS", 0.2)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(0)
        with ExitStack() as waiting:
            for _ in range(4):  # fill the queue of connections that nobody accepts
                one = waiting.enter_context(socket.socket())
                one.setblocking(False)
                one.connect_ex(held.getsockname())
            (rig.home / "address").write_text(f"http://127.0.0.1:{held.getsockname()[1]}/")
            fault = fails(rig)
    assert (fault.code, fault.params["reason"]) == ("source-unreachable", "connection")


def test_a_service_that_hangs_up_without_a_word_is_told(rig: Rig) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()

        def hang_up() -> None:
            for _ in range(3):
                held.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        (rig.home / "address").write_text(f"http://127.0.0.1:{held.getsockname()[1]}/", "utf-8")
        assert fails(rig).code == "source-broke-off"


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "204"])
def test_a_refusal_is_told_at_once(rig: Rig, service: Service, status: str) -> None:
    service.faults, service.lasting = {1: [status]}, True
    fault = fails(rig)
    assert (fault.code, fault.params["reason"]) == ("source-refused", f"HTTP {status}")
    assert service.asked == [1]


def test_a_redirection_is_not_followed_and_the_token_goes_nowhere(
    rig: Rig, service: Service
) -> None:
    with serving(Service(people(3))) as other:
        service.faults, service.elsewhere = {2: ["redirect"]}, other.address
        assert fails(told(rig, token_file=str(rig.home / "token"))).code == "source-redirects"
        assert other.asked == []


def test_a_page_that_is_packed_although_nobody_asked_is_refused(rig: Rig, service: Service) -> None:
    service.faults = {1: ["gzip"]}
    assert fails(rig).params["reason"] == "content-encoding"


@pytest.mark.parametrize("fault", ["flood", ""])
def test_a_page_above_the_limit_is_stopped(rig: Rig, service: Service, fault: str) -> None:
    service.faults = {2: [fault]}
    if not fault:
        service.bodies[2] = b" " * (1 << 21)
    fault_told = fails(told(rig, page_mib=1))
    assert (fault_told.code, fault_told.params["limit"]) == ("answer-too-large", "1048576")


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/v1",
        "ftp://127.0.0.1/",
        "https://user:secret@example.org/",
        "https://example.org/#part",
        "https:///path",
        "http://[::1",
        "nonsense",
    ],
)
def test_an_address_that_is_not_safe_is_refused(rig: Rig, address: str) -> None:
    (rig.home / "address").write_text(address, "utf-8")
    fault = fails(rig)
    assert fault.code == "source-address"
    assert "secret" not in str(fault)


def test_a_token_that_cannot_stand_in_a_header_is_refused(rig: Rig) -> None:
    (rig.home / "token").write_text("令牌", "utf-8")
    assert fails(told(rig, token_file=str(rig.home / "token"))).code == "address-file"


def test_a_certificate_counts_only_when_somebody_vouches_for_it(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = _self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(Service(people(90)), context) as service:
        (rig.home / "address").write_text(service.address, "utf-8")
        fault = fails(rig)
        assert (fault.code, fault.params["reason"]) == ("source-unreachable", "tls")
        assert service.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert brought(rig) == 90


def _self_signed(folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    host, now = ip_address("127.0.0.1"), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(host)]), critical=False)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, *form)
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@given(st.integers(1, 30), st.one_of(st.none(), st.floats(0, 1e9)))
def test_no_wait_is_longer_than_the_longest(attempt: int, asked: float | None) -> None:
    patience = Patience()
    assert patience.first / 2 <= patience.wait(attempt, asked) <= patience.longest


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("9" * 40, 999999999.0),
        ("Mon, 02 Mar 2026 01:00:30 GMT", 30.0),
        ("soon", None),
        ("", None),
        ("-3", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float | None) -> None:
    assert webline._seconds(text, CLOCK) == seconds
