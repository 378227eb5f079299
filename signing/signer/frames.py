"""The wire: four bytes big-endian length, then UTF-8 JSON. Byte values travel as hex digits.

A call is ``{"call": NAME, "with": …}``; an answer ``{"done": …}`` or
``{"failed": {code, params}}``.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any

from kernel.errors import Refused
from kernel.ports import Json
from signing.ports import KeyInfo, SignAnswer, SignRequest

LARGEST_FRAME = 2 * 1024 * 1024
_HEAD = 4


class FrameError(ValueError):
    """What came over the socket is no frame of this protocol."""


def send(connection: socket.socket, value: Json) -> None:
    """Send one frame; raises OSError, or FrameError when it would be too large."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if len(body) > LARGEST_FRAME:
        raise FrameError("frame too large")
    connection.sendall(len(body).to_bytes(_HEAD, "big") + body)


def receive(connection: socket.socket) -> Any:
    """Return the next value, or None at the end of the stream; raises OSError or FrameError."""
    head = _exactly(connection, _HEAD)
    if not head:
        return None
    size = int.from_bytes(head, "big")
    if size > LARGEST_FRAME:
        raise FrameError("frame too large")
    body = _exactly(connection, size)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FrameError("not JSON") from error


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 1 << 16))
        if not part:
            if parts:
                raise FrameError("cut off")
            return b""
        parts += part
    return bytes(parts)


def request_to(request: SignRequest) -> Json:
    """Return the JSON value of a request."""
    return {
        "key": request.key,
        "digest": request.digest.hex(),
        "purpose": request.purpose,
        "number": request.number,
        "seal": request.seal,
        "approval": request.approval,
    }


def request_from(value: Mapping[str, Any]) -> SignRequest:
    """Read a request; raises FrameError on missing, wrong or unknown members."""
    try:
        texts = {name: item for name, item in value.items() if name != "digest"}
        if not all(isinstance(item, str) for item in value.values()):
            raise FrameError("members of a request are texts")
        return SignRequest(digest=bytes.fromhex(value["digest"]), **texts)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FrameError("not a request") from error


def answer_to(answer: SignAnswer | Refused) -> Json:
    """Return the JSON value of an answer."""
    if isinstance(answer, Refused):
        return {"refused": answer.code, "params": dict(answer.params)}
    return {"signature": answer.signature.hex(), "repeated": answer.repeated}


def answer_from(value: Mapping[str, Any]) -> SignAnswer | Refused:
    """Read an answer; raises FrameError."""
    try:
        if "refused" in value:
            return Refused(value["refused"], value["params"])
        return SignAnswer(bytes.fromhex(value["signature"]), value["repeated"])
    except (KeyError, TypeError, ValueError) as error:
        raise FrameError("not an answer") from error


def key_to(info: KeyInfo) -> Json:
    """Return the JSON value of a key's description."""
    return {
        "name": info.name,
        "algorithm": info.algorithm,
        "spki": info.spki.hex(),
        "purposes": list(info.purposes),
    }


def key_from(value: Mapping[str, Any]) -> KeyInfo:
    """Read a key's description; raises FrameError."""
    try:
        spki, purposes = bytes.fromhex(value["spki"]), tuple(value["purposes"])
        return KeyInfo(value["name"], value["algorithm"], spki, purposes)
    except (KeyError, TypeError, ValueError) as error:
        raise FrameError("not a key") from error
