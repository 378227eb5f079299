"""Encrypted personal columns and blind indexes.

AES-256-GCM (NIST SP 800-38D) under a key per table, derived by HKDF-SHA-256 (RFC 5869) from the
hub's one data key, so that random 96-bit nonces stay far from their limit of 2^32 per key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from kernel.errors import TongbanError
from storage.errors import Code
from storage.failures import of_files

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE = 12


class AeadVault:
    """Implements ``kernel.ports.Vault`` over a 32-byte key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise TongbanError(Code.KEY_FILE_WRONG)
        self._key = key
        self._blind = _derive(key, b"tongban/vault/1/blind")
        self._ciphers: dict[str, AESGCM] = {}

    def seal(self, table: str, row: str, column: str, text: str) -> bytes:
        """Encrypt bound to its place. Form: version 1, 12-byte nonce, ciphertext, 16-byte tag."""
        nonce = os.urandom(_NONCE)
        sealed = self._cipher(table).encrypt(nonce, text.encode(), _place(table, row, column))
        return _VERSION + nonce + sealed

    def open(self, table: str, row: str, column: str, sealed: bytes) -> str:
        """Decrypt; raises ``cell-corrupt`` for anything but what ``seal`` wrote for this place."""
        body = bytes(sealed)
        nonce, rest = body[1 : 1 + _NONCE], body[1 + _NONCE :]
        if body[:1] != _VERSION:
            raise TongbanError(Code.CELL_CORRUPT, table=table, column=column)
        try:
            return self._cipher(table).decrypt(nonce, rest, _place(table, row, column)).decode()
        except (InvalidTag, ValueError) as error:
            raise TongbanError(Code.CELL_CORRUPT, table=table, column=column) from error

    def blind(self, label: str, value: str) -> str:
        """Return 32 lower-case base-32 characters (160 bits) of HMAC-SHA-256 over label and value.

        Values are taken as they are: normalise before, or equal things will not meet.
        """
        mac = hmac.new(self._blind, _place(label, value), hashlib.sha256).digest()
        return base64.b32encode(mac[:20]).decode().lower()

    def _cipher(self, table: str) -> AESGCM:
        cipher = self._ciphers.get(table)
        if cipher is None:
            cipher = AESGCM(_derive(self._key, b"tongban/vault/1/cell/" + table.encode()))
            self._ciphers[table] = cipher
        return cipher


def create_key(path: Path) -> bytes:
    """Make a random key file, mode 0600, and return the key; FileExistsError if there is one."""
    key = os.urandom(KEY_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with of_files("key file"), os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def load_key(path: Path) -> bytes:
    """Read a key file. Raises ``key-file-missing``, ``key-file-open`` or ``key-file-wrong``."""
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise TongbanError(Code.KEY_FILE_MISSING) from error
    if mode & 0o077:
        raise TongbanError(Code.KEY_FILE_OPEN, mode=f"{mode:04o}")
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError as error:
        raise TongbanError(Code.KEY_FILE_WRONG) from error
    if len(key) != KEY_BYTES:
        raise TongbanError(Code.KEY_FILE_WRONG)
    return key


def _derive(key: bytes, info: bytes) -> bytes:
    # The data key is uniformly random, so HKDF's extract step is not needed (RFC 5869, 3.3).
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=info).derive(key)


def _place(*parts: str) -> bytes:
    """Join parts unambiguously: each with its length before it."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
