"""A vendor's SDF library (GM/T 0018-2023) as a ``Device``: the six functions that signing needs.

``ctypes`` lets go of the interpreter lock during each call. Numbers come padded to 64 octets, the
value at the end, as ECCrefPublicKey and ECCSignature lay them out.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signing.keystores.sdf_port import POINT_OCTETS, SDR_COMMFAIL, SDR_INARGERR, SdfError

_PADDED = 64
_Handle = ctypes.c_void_p
_Number = ctypes.c_uint
_Octets = ctypes.c_char_p


class _PublicKey(ctypes.Structure):
    _fields_ = (
        ("bits", ctypes.c_uint),
        ("x", ctypes.c_ubyte * _PADDED),
        ("y", ctypes.c_ubyte * _PADDED),
    )


class _Signature(ctypes.Structure):
    _fields_ = (("r", ctypes.c_ubyte * _PADDED), ("s", ctypes.c_ubyte * _PADDED))


_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "SDF_OpenDevice": (ctypes.POINTER(_Handle),),
    "SDF_OpenSession": (_Handle, ctypes.POINTER(_Handle)),
    "SDF_CloseSession": (_Handle,),
    "SDF_GetPrivateKeyAccessRight": (_Handle, _Number, _Octets, _Number),
    "SDF_ExportSignPublicKey_ECC": (_Handle, _Number, ctypes.POINTER(_PublicKey)),
    "SDF_InternalSign_ECC": (_Handle, _Number, _Octets, _Number, ctypes.POINTER(_Signature)),
}


@dataclass(slots=True)
class LibraryDevice:
    """A device behind a vendor's library; opened with its first session and kept open."""

    path: Path
    stand_in: bool = False
    _library: Any = field(default=None, repr=False)
    _device: ctypes.c_void_p | None = field(default=None, repr=False)

    def open_session(self) -> LibrarySession:
        """SDF_OpenSession; raises SdfError, SDR_COMMFAIL for a library that cannot be loaded."""
        if self._library is None:
            self._library = _load(self.path)
        if self._device is None:
            device = ctypes.c_void_p()
            _check(self._library.SDF_OpenDevice(ctypes.byref(device)))
            self._device = device
        session = ctypes.c_void_p()
        _check(self._library.SDF_OpenSession(self._device, ctypes.byref(session)))
        return LibrarySession(self._library, session)


@dataclass(frozen=True, slots=True)
class LibrarySession:
    """Implements ``sdf_port.Session``."""

    library: Any = field(repr=False)
    session: ctypes.c_void_p

    def get_private_key_access_right(self, index: int, pin: bytes) -> None:
        """See ``sdf_port.Session``."""
        _check(self.library.SDF_GetPrivateKeyAccessRight(self.session, index, pin, len(pin)))

    def export_sign_public_key(self, index: int) -> tuple[bytes, bytes]:
        """See ``sdf_port.Session``."""
        key = _PublicKey()
        _check(self.library.SDF_ExportSignPublicKey_ECC(self.session, index, ctypes.byref(key)))
        return _last(key.x), _last(key.y)

    def internal_sign(self, index: int, e: bytes) -> tuple[bytes, bytes]:
        """See ``sdf_port.Session``."""
        if len(e) != POINT_OCTETS:
            raise SdfError(SDR_INARGERR)
        made = _Signature()
        done = self.library.SDF_InternalSign_ECC(self.session, index, e, len(e), ctypes.byref(made))
        _check(done)
        return _last(made.r), _last(made.s)

    def close(self) -> None:
        """See ``sdf_port.Session``; what the device says to it changes nothing."""
        self.library.SDF_CloseSession(self.session)


def _load(path: Path) -> Any:
    try:
        library = ctypes.CDLL(str(path))
        for name, arguments in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = ctypes.c_int, arguments
    except (OSError, AttributeError) as error:
        raise SdfError(SDR_COMMFAIL) from error
    return library


def _check(code: int) -> None:
    if code != 0:
        raise SdfError(code & 0xFFFFFFFF)


def _last(padded: Any) -> bytes:
    """Return the value at the end of a padded number; raises SdfError where it is too large."""
    octets = bytes(padded)
    if any(octets[:-POINT_OCTETS]):
        raise SdfError(SDR_INARGERR)
    return octets[-POINT_OCTETS:]
