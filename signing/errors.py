"""Every code this room may refuse or fail with. Texts: ``messages.toml``."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """The closed set, in alphabetical order."""

    ALGORITHM_UNKNOWN = "algorithm-unknown"
    CERTIFICATE_UNREADABLE = "certificate-unreadable"
    DIGEST_LENGTH = "digest-length"
    PRIVATE_KEY_UNREADABLE = "private-key-unreadable"
    PUBLIC_KEY_UNREADABLE = "public-key-unreadable"
    SIGNATURE_FAILED = "signature-failed"
    SIGNER_ID_TOO_LONG = "signer-id-too-long"
    SM2_SELF_TEST_FAILED = "sm2-self-test-failed"
    SM2_UNAVAILABLE = "sm2-unavailable"
