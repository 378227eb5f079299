"""The closed set of the room's codes. Texts and next steps are in ``messages.toml``."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """What can be refused or go wrong around the log."""

    LOG_DAMAGED = "log-damaged"
    LOG_FORKED = "log-forked"
    LEASE_LOST = "lease-lost"
    NOTE_MALFORMED = "note-malformed"
    NOTE_UNTRUSTED = "note-untrusted"
    KEY_MALFORMED = "log-key-malformed"
    SIGNER_WRONG = "log-signer-wrong"
    PROOF_MALFORMED = "proof-malformed"
    LOG_EMPTY = "log-empty"
    ENTRY_UNKNOWN = "log-entry-unknown"
