"""Software in another process that imitates an SDF device (模拟密码设备), for tests and demos.

UNSAFE: its keys lie in plain memory and are gone when it ends. It says so, and production refuses
it. ``python -m signing.keystores.sdf_stand_in SOCKET PIN_FILE`` serves until its input ends.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signing import der
from signing.algorithms import by_name
from signing.keystores.sdf_port import (
    POINT_OCTETS,
    SDR_COMMFAIL,
    SDR_INARGERR,
    SDR_KEYNOTEXIST,
    SDR_PRKRERR,
    SdfError,
)

KEYS = 8
_LONGEST_LINE = 4096
_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class StandIn:
    """The client's side: a device at a socket."""

    path: Path
    stand_in: bool = True

    def open_session(self) -> StandInSession:
        """Connect; raises SdfError SDR_COMMFAIL."""
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(_TIMEOUT_SECONDS)
        try:
            line.connect(str(self.path))
        except OSError as error:
            line.close()
            raise SdfError(SDR_COMMFAIL) from error
        return StandInSession(line)


def connect(path: Path) -> StandIn:
    """Return the device at a socket; whether it answers shows with its first session."""
    return StandIn(path)


class StandInSession:
    """Implements ``sdf_port.Session`` by one line of JSON per call."""

    def __init__(self, line: socket.socket) -> None:
        """Own the connection."""
        self._line = line
        self._file = line.makefile("rwb")

    def get_private_key_access_right(self, index: int, pin: bytes) -> None:
        """See ``sdf_port.Session``."""
        self._ask("right", index, pin)

    def export_sign_public_key(self, index: int) -> tuple[bytes, bytes]:
        """See ``sdf_port.Session``."""
        return self._halves("export", index, b"")

    def internal_sign(self, index: int, e: bytes) -> tuple[bytes, bytes]:
        """See ``sdf_port.Session``."""
        return self._halves("sign", index, e)

    def close(self) -> None:
        """See ``sdf_port.Session``."""
        for end in (self._file, self._line):
            try:
                end.close()
            except OSError:
                continue

    def _halves(self, call: str, index: int, octets: bytes) -> tuple[bytes, bytes]:
        both = self._ask(call, index, octets)
        if len(both) != 2 * POINT_OCTETS:
            raise SdfError(SDR_COMMFAIL)
        return both[:POINT_OCTETS], both[POINT_OCTETS:]

    def _ask(self, call: str, index: int, octets: bytes) -> bytes:
        try:
            self._file.write(json.dumps([call, index, octets.hex()]).encode() + b"\n")
            self._file.flush()
            code, answer = json.loads(self._file.readline(_LONGEST_LINE))
            found = bytes.fromhex(answer)
        except (OSError, ValueError, TypeError) as error:
            raise SdfError(SDR_COMMFAIL) from error
        if code != 0:
            raise SdfError(int(code))
        return found


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path, pin: bytes) -> None:
        self.pin = pin
        self.keys = [by_name("sm2_sm3").generate() for _ in range(KEYS)]
        super().__init__(str(path), _Handler)
        path.chmod(0o600)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answer one session's calls; its rights end with it."""
        rights: set[int] = set()
        while line := self.rfile.readline(_LONGEST_LINE):
            try:
                call, index, octets = json.loads(line)
                code, answer = 0, self._answer(rights, call, index, bytes.fromhex(octets))
            except SdfError as error:
                code, answer = error.code, b""
            except (ValueError, TypeError):
                code, answer = SDR_INARGERR, b""
            self.wfile.write(json.dumps([code, answer.hex()]).encode() + b"\n")

    def _answer(self, rights: set[int], call: Any, index: Any, octets: bytes) -> bytes:
        if not isinstance(index, int) or not 1 <= index <= KEYS:
            raise SdfError(SDR_KEYNOTEXIST)
        method, private = by_name("sm2_sm3"), self.server.keys[index - 1]
        if call == "export":
            return method.public_key(private)[-2 * POINT_OCTETS :]
        if call == "right":
            if octets != self.server.pin:
                raise SdfError(SDR_PRKRERR)
            rights.add(index)
            return b""
        if call != "sign" or len(octets) != POINT_OCTETS:
            raise SdfError(SDR_INARGERR)
        if index not in rights:
            raise SdfError(SDR_PRKRERR)
        made = der.whole(method.sign_digest(private, octets)).children()
        return b"".join(half.content[-POINT_OCTETS:].rjust(POINT_OCTETS, b"\0") for half in made)


def main(words: Sequence[str] | None = None) -> int:
    """Serve until standard input ends."""
    place, pin = sys.argv[1:] if words is None else words
    server = _Server(Path(place), Path(pin).read_bytes().strip())
    sys.stderr.write("模拟密码设备：密钥不受保护，不得用于真实证照 · SDF stand-in: UNSAFE\n")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.read(0, 4096):
        continue
    server.shutdown()
    server.server_close()
    Path(place).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
