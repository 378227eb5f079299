"""The part of GM/T 0018-2023 (SDF) that signing needs, and what its answers mean.

A vendor's library or the stand-in implements ``Device``. Keys stay inside it; it makes none on
demand: they are made at a key ceremony and known by an index from 1.
"""

from __future__ import annotations

from typing import Protocol

POINT_OCTETS = 32
"""Octets of each coordinate and of r and s; vendors pad them to 64, the caller never sees that."""


class SdfError(Exception):
    """A function answered something other than SDR_OK; ``code`` is its return value."""

    def __init__(self, code: int) -> None:
        """Keep the return value."""
        super().__init__(f"0x{code:08x}")
        self.code = code


SDR_COMMFAIL = 0x01000003
SDR_KEYNOTEXIST = 0x01000008
SDR_PRKRERR = 0x01000018
"""No right to use the private key: the access code (PIN) was wrong or not given."""
SDR_INARGERR = 0x0100001D
"""An argument is out of its range."""


class Session(Protocol):
    """One session. Not shared between threads."""

    def get_private_key_access_right(self, index: int, pin: bytes) -> None:
        """SDF_GetPrivateKeyAccessRight: allow this session to use the key; raises SdfError."""

    def export_sign_public_key(self, index: int) -> tuple[bytes, bytes]:
        """SDF_ExportSignPublicKey_ECC: x and y, 32 octets each; raises SdfError."""

    def internal_sign(self, index: int, e: bytes) -> tuple[bytes, bytes]:
        """SDF_InternalSign_ECC: r and s over a digest e of 32 octets; raises SdfError."""

    def close(self) -> None:
        """SDF_CloseSession; rights end with it."""


class Device(Protocol):
    """An opened device."""

    @property
    def stand_in(self) -> bool:
        """True for software that only imitates a device; production refuses it."""

    def open_session(self) -> Session:
        """SDF_OpenSession; raises SdfError."""
