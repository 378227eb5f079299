"""Requests to the signer, and bytes sent past its client."""

from __future__ import annotations

import socket
from pathlib import Path

from kernel.errors import Refused
from signing.ports import SignAnswer, SignRequest

KEY = "seal-1.sm2"


def request(number: str = "N1", digest: bytes = b"\1" * 32, **changes: str) -> SignRequest:
    values = {"key": KEY, "purpose": "seal-ofd", "number": number, **changes}
    return SignRequest(digest=digest, **values)


def signed(answer: SignAnswer | Refused) -> bytes:
    assert isinstance(answer, SignAnswer), answer
    return answer.signature


def raw(path: Path, octets: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)
