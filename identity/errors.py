"""The closed set of reasons for which ``identity`` refuses or fails."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Each has its message in ``messages.toml``."""

    PERSONA_REFUSED = "persona-refused"
    PERSONA_UNKNOWN = "persona-unknown"
    SESSION_ENDED = "session-ended"
    CSRF_MISSING = "csrf-missing"
    GRANT_TYPE_UNSUPPORTED = "grant-type-unsupported"
    ASSERTION_MALFORMED = "assertion-malformed"
    ASSERTION_ALGORITHM = "assertion-algorithm"
    ASSERTION_SIGNATURE = "assertion-signature"
    ASSERTION_AUDIENCE = "assertion-audience"
    ASSERTION_EXPIRED = "assertion-expired"
    ASSERTION_TOO_LONG = "assertion-too-long"
    ASSERTION_REPLAYED = "assertion-replayed"
    CLIENT_UNKNOWN = "client-unknown"
    CLIENT_SUSPENDED = "client-suspended"
    TOKEN_INVALID = "token-invalid"  # noqa: S105 - the name of a refusal, not a secret
    TICKET_INVALID = "ticket-invalid"
    REGISTRY_BROKEN = "identity-registry-broken"
