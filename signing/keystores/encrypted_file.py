"""Keys in one file: Argon2id (RFC 9106) over a password, AES-256-GCM for each key.

The file is JSON. Each private key is bound to its name, algorithm, public key and purposes, so that
none of them can be exchanged; the file is replaced as a whole and synced before a new key is used.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.canonical import canonical
from kernel.errors import TongbanError
from kernel.ports import Json
from signing.algorithms import by_name
from signing.keystores.options import Options, secret
from signing.keystores.request import purposes_for, same
from signing.keystores.shelf import Shelf
from signing.ports import KeyInfo

NAME = "encrypted_file"
FILE = "keys/keystore.json"
SCHEMA = 1

_NONCE = 12
_CHECK = b"tongban keystore"
_MOST_MEMORY_KIB = 1 << 20
_MOST_TIME = 64


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess of the password costs: memory in KiB, passes, lanes."""

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4


class EncryptedFile(Shelf[bytes]):
    """A key store in one encrypted file. One process holds it; its threads share it safely."""

    def __init__(
        self, path: Path, password: bytes, *, cost: Cost | None = None, demo: bool = False
    ) -> None:
        """Open or make the file; raises TongbanError as ``open_store`` says."""
        super().__init__()
        self.demo = demo
        self._path = path
        self._lock = threading.Lock()
        head, entries = _load(path) or (_fresh_head(cost or Cost()), {})
        self._aead = AESGCM(_derive(password, head))
        self._head = head
        self._entries = dict(entries)
        if "check" in head:
            self._open("check", str(head["check"]), {}, wrong="keystore-locked")
        else:
            self._head = {**head, "check": self._seal("check", _CHECK, {})}
            self._save()
        self._keys = {name: self._read(name, entry) for name, entry in self._entries.items()}

    def create(self, name: str, algorithm: str, purposes: Sequence[str]) -> KeyInfo:
        """Make a key; see ``KeyStore.create``."""
        wanted = purposes_for(name, purposes)
        method = by_name(algorithm)
        with self._lock:
            held = self._keys.get(name)
            if held:
                return same(held[0], algorithm, wanted)
            private = method.generate()
            info = KeyInfo(name, algorithm, method.public_key(private), wanted)
            bound = _bound(info)
            self._entries[name] = {**bound, "sealed": self._seal(name, private, bound)}
            try:
                self._save()
            except OSError:
                del self._entries[name]
                raise
            self._keys[name] = (info, private)
            return info

    def sign(self, name: str, digest: bytes) -> bytes:
        """Sign a digest; raises TongbanError ``key-unknown`` and those of the algorithm."""
        info, private = self._held(name)
        return by_name(info.algorithm).sign_digest(private, digest)

    def _read(self, name: str, entry: Mapping[str, Any]) -> tuple[KeyInfo, bytes]:
        try:
            purposes = tuple(str(item) for item in entry["purposes"])
            spki = base64.b64decode(entry["spki"], validate=True)
            info = KeyInfo(name, str(entry["algorithm"]), spki, purposes)
            sealed = str(entry["sealed"])
        except (KeyError, TypeError, ValueError) as error:
            raise TongbanError("keystore-corrupt", reason=f"entry {name}") from error
        return info, self._open(name, sealed, _bound(info), wrong="keystore-corrupt")

    def _seal(self, name: str, secret: bytes, bound: Mapping[str, Json]) -> str:
        nonce = os.urandom(_NONCE)
        sealed = self._aead.encrypt(nonce, secret, _context(name, bound))
        return base64.b64encode(nonce + sealed).decode()

    def _open(self, name: str, sealed: str, bound: Mapping[str, Json], *, wrong: str) -> bytes:
        try:
            octets = base64.b64decode(sealed, validate=True)
            return self._aead.decrypt(octets[:_NONCE], octets[_NONCE:], _context(name, bound))
        except (InvalidTag, ValueError) as error:
            raise TongbanError(wrong, reason=f"entry {name}") from error

    def _save(self) -> None:
        text = json.dumps({**self._head, "keys": self._entries}, indent=1, sort_keys=True)
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._path.with_suffix(".fresh")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _bound(info: KeyInfo) -> dict[str, Json]:
    return {
        "algorithm": info.algorithm,
        "spki": base64.b64encode(info.spki).decode(),
        "purposes": list(info.purposes),
    }


def _context(name: str, bound: Mapping[str, Json]) -> bytes:
    return canonical({"schema": SCHEMA, "name": name, **bound})


def _fresh_head(cost: Cost) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "kdf": "argon2id",
        "memory_kib": cost.memory_kib,
        "passes": cost.passes,
        "lanes": cost.lanes,
        "salt": base64.b64encode(os.urandom(16)).decode(),
    }


def _load(path: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    try:
        raw = json.loads(path.read_text("utf-8"))
        keys = raw.pop("keys")
        costs = (raw["memory_kib"], raw["passes"], raw["lanes"])
        known = raw["schema"] == SCHEMA and raw["kdf"] == "argon2id" and raw["check"]
        bounded = 0 < costs[0] <= _MOST_MEMORY_KIB and all(0 < i <= _MOST_TIME for i in costs[1:])
        if not (known and bounded and isinstance(keys, dict)):
            raise TongbanError("keystore-corrupt", reason="unknown schema or cost")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TongbanError("keystore-corrupt", reason="not a key store file") from error
    return raw, keys


def _derive(password: bytes, head: Mapping[str, Any]) -> bytes:
    try:
        salt = base64.b64decode(head["salt"], validate=True)
        return hash_secret_raw(
            password,
            salt,
            time_cost=head["passes"],
            memory_cost=head["memory_kib"],
            parallelism=head["lanes"],
            hash_len=32,
            type=Type.ID,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TongbanError("keystore-corrupt", reason="key derivation") from error


def open_store(options: Options) -> EncryptedFile:
    """Open ``keys/keystore.json`` in the hub's folder with the password of the password file."""
    return EncryptedFile(options.home / FILE, secret(options))
