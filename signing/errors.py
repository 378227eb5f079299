"""Every code this room may refuse or fail with. Texts: ``messages.toml``."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """The closed set, in alphabetical order."""

    ALGORITHM_UNKNOWN = "algorithm-unknown"
    CERTIFICATE_UNREADABLE = "certificate-unreadable"
    DEMO_KEYSTORE_REFUSED = "demo-keystore-refused"
    DIGEST_LENGTH = "digest-length"
    KEY_EXISTS = "key-exists"
    KEY_NAME_INVALID = "key-name-invalid"
    KEY_UNKNOWN = "key-unknown"
    KEYSTORE_CORRUPT = "keystore-corrupt"
    KEYSTORE_LOCKED = "keystore-locked"
    KEYSTORE_UNKNOWN = "keystore-unknown"
    KEYSTORE_UNLOCK_MISSING = "keystore-unlock-missing"
    NUMBER_SIGNED_OTHERWISE = "number-signed-otherwise"
    POLICY_UNKNOWN = "policy-unknown"
    POLICY_UNREADABLE = "policy-unreadable"
    PRIVATE_KEY_UNREADABLE = "private-key-unreadable"
    PUBLIC_KEY_UNREADABLE = "public-key-unreadable"
    PURPOSE_NOT_ALLOWED = "purpose-not-allowed"
    PURPOSE_UNKNOWN = "purpose-unknown"
    SEAL_FONT_UNREADABLE = "seal-font-unreadable"
    SEAL_GLYPH_MISSING = "seal-glyph-missing"
    SEAL_NAME_LENGTH = "seal-name-length"
    SIGN_REQUEST_INVALID = "sign-request-invalid"
    SIGNATURE_FAILED = "signature-failed"
    SIGNER_ID_TOO_LONG = "signer-id-too-long"
    SIGNER_RUNNING = "signer-running"
    SIGNER_UNREACHABLE = "signer-unreachable"
    SM2_SELF_TEST_FAILED = "sm2-self-test-failed"
    SM2_UNAVAILABLE = "sm2-unavailable"
    TRUST_LIST_UNREADABLE = "trust-list-unreadable"
