"""SM2 keys in a device with the interface of GM/T 0018 (SDF): index, PIN, digest of 32 octets.

Such a device makes its keys at a ceremony, not on demand. ``create`` therefore gives a name to the
next key that has none; the names stand in ``keys/sdf.json``, which holds nothing secret, and each
is held against the public key of the device when the store opens.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from kernel.errors import TongbanError
from signing import der
from signing.algorithms import by_name, sm2_sm3
from signing.keystores import sdf_library, sdf_stand_in
from signing.keystores.options import Options, pin
from signing.keystores.request import check_digest, check_process, purposes_for, same
from signing.keystores.sdf_port import (
    SDR_COMMFAIL,
    SDR_KEYNOTEXIST,
    SDR_PRKRERR,
    Device,
    SdfError,
    Session,
)
from signing.keystores.shelf import Shelf
from signing.ports import KeyInfo

T = TypeVar("T")

NAME = "sdf"
FILE = "keys/sdf.json"
SCHEMA = 1
_UNCOMPRESSED = b"\x04"


class SdfStore(Shelf[int]):
    """A device behind the key store port. One session, one operation at a time."""

    def __init__(self, device: Device, path: Path, pin: bytes) -> None:
        """Open a session and check every name; raises TongbanError as ``open_store`` says."""
        super().__init__()
        self.demo = device.stand_in
        self._device, self._path, self._pin = device, path, pin
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._allowed: set[int] = set()
        self._keys = _load(path)
        for name, (info, index) in self._keys.items():
            if self._run(partial(_spki, index)) != info.spki:
                raise TongbanError("keystore-corrupt", reason=f"entry {name}")

    def create(self, name: str, algorithm: str, purposes: Sequence[str]) -> KeyInfo:
        """Name the device's next free key; see ``KeyStore.create``.

        Raises TongbanError ``keystore-algorithm`` for all but SM2, ``keystore-unavailable`` where
        no key is left.
        """
        wanted = purposes_for(name, purposes)
        by_name(algorithm)
        if algorithm != sm2_sm3.NAME:
            raise TongbanError("keystore-algorithm", keystore=NAME, algorithm=algorithm)

        def make(session: Session) -> KeyInfo:
            held = self._keys.get(name)
            if held:
                return same(held[0], algorithm, wanted)
            index = 1 + max((used for _, used in self._keys.values()), default=0)
            info = KeyInfo(name, algorithm, _spki(index, session), wanted)
            keys = {**self._keys, name: (info, index)}
            _save(self._path, keys)
            self._keys = keys
            return info

        return self._run(make)

    def sign(self, name: str, digest: bytes) -> bytes:
        """Sign e = SM3(Z || M) inside the device; DER ``SEQUENCE {r, s}``.

        Raises TongbanError ``key-unknown``, ``digest-length``, ``keystore-locked``,
        ``keystore-unavailable``, ``keystore-forked``.
        """
        info, index = self._held(name)
        check_digest(by_name(info.algorithm), digest)

        def work(session: Session) -> bytes:
            if index not in self._allowed:
                session.get_private_key_access_right(index, self._pin)
                self._allowed.add(index)
            r, s = (int.from_bytes(half, "big") for half in session.internal_sign(index, digest))
            return der.sequence(der.integer(r), der.integer(s))

        return self._run(work)

    def close(self) -> None:
        """End the session; the next use opens another."""
        with self._lock:
            self._drop()

    def _run(self, work: Callable[[Session], T]) -> T:
        """Do something in the session; one that the device dropped is opened once again."""
        check_process(self._owner)
        with self._lock:
            try:
                if self._session is not None:
                    try:
                        return work(self._session)
                    except SdfError as error:
                        if error.code != SDR_COMMFAIL:
                            raise
                        self._drop()
                self._session = self._device.open_session()
                return work(self._session)
            except SdfError as error:
                raise _named(error) from error

    def _drop(self) -> None:
        session, self._session = self._session, None
        self._allowed.clear()
        if session is not None:
            session.close()


def _named(error: SdfError) -> TongbanError:
    if error.code == SDR_PRKRERR:
        return TongbanError("keystore-locked")
    reason = {
        SDR_KEYNOTEXIST: "it holds no key of this index",
        SDR_COMMFAIL: "it does not answer",
    }.get(error.code, str(error))
    return TongbanError("keystore-unavailable", reason=reason)


def _spki(index: int, session: Session) -> bytes:
    """Return the SubjectPublicKeyInfo of a key of the device."""
    x, y = session.export_sign_public_key(index)
    head = der.sequence(der.oid(sm2_sm3.EC_KEY_OID), der.oid(sm2_sm3.CURVE_OID))
    return der.sequence(head, der.bits(_UNCOMPRESSED + x + y))


def _load(path: Path) -> dict[str, tuple[KeyInfo, int]]:
    try:
        raw = json.loads(path.read_text("utf-8"))
        found = {
            str(name): (
                KeyInfo(
                    str(name),
                    sm2_sm3.NAME,
                    base64.b64decode(entry["spki"], validate=True),
                    tuple(str(purpose) for purpose in entry["purposes"]),
                ),
                int(entry["index"]),
            )
            for name, entry in raw["keys"].items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TongbanError("keystore-corrupt", reason="not a list of keys") from error
    if raw["schema"] != SCHEMA or len({index for _, index in found.values()}) != len(found):
        raise TongbanError("keystore-corrupt", reason="unknown schema, or one key with two names")
    return found


def _save(path: Path, keys: Mapping[str, tuple[KeyInfo, int]]) -> None:
    """Replace the file as a whole, durably."""
    entries = {
        name: {
            "index": index,
            "spki": base64.b64encode(info.spki).decode(),
            "purposes": list(info.purposes),
        }
        for name, (info, index) in keys.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".fresh")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"schema": SCHEMA, "keys": entries}, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def open_store(options: Options) -> SdfStore:
    """Open the device at ``options.module`` with the PIN of the password file.

    A file there is a vendor's library; anything else is the socket of the stand-in. Raises
    TongbanError ``demo-keystore-refused`` for the stand-in in production,
    ``keystore-setting-missing``, ``keystore-unlock-missing``, ``keystore-pin-open``,
    ``keystore-locked``, ``keystore-unavailable``, ``keystore-corrupt``.
    """
    if options.module is None:
        raise TongbanError("keystore-setting-missing", setting="--module")
    device = _device(options.module)
    if device.stand_in and options.environment == "production":
        raise TongbanError("demo-keystore-refused")
    if device.stand_in:
        structlog.get_logger("signing").warning(
            "sdf-stand-in-is-unsafe", notice="模拟密码设备，不得用于真实证照"
        )
    return SdfStore(device, options.home / FILE, pin(options))


def _device(module: Path) -> Device:
    return sdf_library.LibraryDevice(module) if module.is_file() else sdf_stand_in.connect(module)
