"""Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint) with Ed25519."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from audit.errors import Code
from audit.model import Checkpoint
from audit.tree import HASH_BYTES
from kernel.errors import TongbanError

_ED25519 = b"\x01"
_SIGNATURE_BYTES = 64
_MOST_BYTES = 64 * 1024
_MOST_SIGNATURES = 64
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class LogKey:
    """The public key of a log. ``name`` equals the origin line of its checkpoints."""

    name: str
    public: bytes
    """32 bytes as in RFC 8032."""

    @property
    def key_id(self) -> bytes:
        """The four bytes before each signature of this key."""
        digest = hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public)
        return digest.digest()[:4]

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Check an Ed25519 signature; never raises on bad input."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def to_text(self) -> str:
        """Return the verifier key: ``name+id+base64``, one line without its end."""
        return f"{self.name}+{self.key_id.hex()}+{_b64(_ED25519 + self.public)}"


def key_from_text(text: str) -> LogKey:
    """Parse a verifier key; raises ``log-key-malformed``."""
    parts = text.strip().split("+", 2)
    raw = _unb64(parts[2]) if len(parts) == 3 else None
    if raw is None or raw[:1] != _ED25519 or len(raw) != 33 or not _is_name(parts[0]):
        raise TongbanError(Code.KEY_MALFORMED)
    key = LogKey(parts[0], raw[1:])
    if key.key_id.hex() != parts[1]:
        raise TongbanError(Code.KEY_MALFORMED)
    return key


def key_from_spki(name: str, der: bytes) -> LogKey:
    """Take an Ed25519 key from SubjectPublicKeyInfo; raises ``log-key-malformed``."""
    try:
        public = load_der_public_key(der)
    except ValueError as error:
        raise TongbanError(Code.KEY_MALFORMED) from error
    if not isinstance(public, Ed25519PublicKey) or not _is_name(name):
        raise TongbanError(Code.KEY_MALFORMED)
    return LogKey(name, public.public_bytes_raw())


def body_of(checkpoint: Checkpoint) -> bytes:
    """Return the note text that is signed: origin, size, root, each with its newline."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{_b64(checkpoint.root)}\n".encode()


def signed_note(checkpoint: Checkpoint, key: LogKey, signature: bytes) -> str:
    """Join the text and its signature line."""
    line = f"\u2014 {key.name} {_b64(key.key_id + signature)}\n"
    return body_of(checkpoint).decode() + "\n" + line


def open_note(note: str | bytes, key: LogKey) -> Checkpoint:
    """Return the checkpoint of a note signed by ``key`` under its own origin.

    Signatures of other keys are ignored, as the specification asks. Raises ``note-malformed`` or
    ``note-untrusted``.
    """
    text, signatures = split(note)
    trusted = False
    for name, raw in signatures:
        if name == key.name and raw[:4] == key.key_id:
            if not key.verify(text.encode(), raw[4:]):
                raise TongbanError(Code.NOTE_UNTRUSTED)
            trusted = True
    if not trusted:
        raise TongbanError(Code.NOTE_UNTRUSTED)
    checkpoint = parse_body(text)
    if checkpoint.origin != key.name:
        raise TongbanError(Code.NOTE_UNTRUSTED)
    return checkpoint


def split(note: str | bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text and the signatures of a note, verified by nobody yet."""
    try:
        whole = note if isinstance(note, str) else bytes(note).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed("UTF-8") from error
    if len(whole) > _MOST_BYTES or _CONTROL.search(whole):
        raise _malformed("characters")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise _malformed("no signatures")
    found = [_signature(line) for line in lines[:-1].split("\n")]
    if len(found) > _MOST_SIGNATURES:
        raise _malformed("too many signatures")
    return text + "\n", found


def parse_body(text: str) -> Checkpoint:
    """Read origin, size and root; extension lines are ignored. Raises ``note-malformed``."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise _malformed("lines")
    root = _unb64(lines[2])
    if not _NUMBER.fullmatch(lines[1]) or root is None or len(root) != HASH_BYTES:
        raise _malformed("size or root")
    return Checkpoint(lines[0], int(lines[1]), root)


def _signature(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    raw = _unb64(parts[2]) if len(parts) == 3 else None
    if raw is None or parts[0] != "\u2014" or len(raw) < 5 or not _is_name(parts[1]):
        raise _malformed("signature line")
    return parts[1], raw


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(one.isspace() for one in name)


def _malformed(reason: str) -> TongbanError:
    return TongbanError(Code.NOTE_MALFORMED, reason=reason)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unb64(text: str) -> bytes | None:
    """Decode canonical Base64 only: a second spelling of the same bytes is refused."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if _b64(raw) == text else None
