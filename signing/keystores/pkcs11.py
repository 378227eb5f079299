"""Keys in hardware reached by PKCS#11 (OASIS, v2.40): P-256, P-384 and RSA, never SM2.

Each key has a description on the token, a private data object that names its algorithm, purposes,
public key and id. It is written after the key pair, so a key is whole or does not exist. Digests
are made here and signed by raw mechanisms, which every module has. PKCS#11 standardises no SM2
signature: a token may make a key on that curve, and would sign with it by another algorithm.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kernel.canonical import canonical
from kernel.errors import TongbanError
from signing import der
from signing.algorithms import by_name
from signing.keystores.options import Options, pin
from signing.keystores.request import check_digest, check_process, purposes_for, same
from signing.keystores.shelf import Shelf
from signing.ports import KeyInfo

T = TypeVar("T")

NAME = "pkcs11"
SCHEMA = 1
APPLICATION = "tongban"
"""CKA_APPLICATION of the descriptions; other objects on the token are left alone."""

_CURVES = {
    "1.2.840.10045.4.3.2": "1.2.840.10045.3.1.7",
    "1.2.840.10045.4.3.3": "1.3.132.0.34",
}
"""Signature algorithm to curve."""
_PKCS1, _PSS = "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.10"
_RSA_KEY = der.sequence(der.oid("1.2.840.113549.1.1.1"), der.encode(der.NULL))
_SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.encode(der.NULL))
_SALT = 32


@dataclass(frozen=True, slots=True)
class Place:
    """Where the keys are: the vendor's library and the label of the token."""

    module: Path
    token: str


class Pkcs11Store(Shelf[bytes]):
    """A token behind the key store port. One session, one operation at a time."""

    demo = False

    def __init__(self, place: Place, pin: bytes) -> None:
        """Open the token; raises TongbanError as ``open_store`` says.

        A wrong PIN is never tried twice: tokens lock themselves after a few.
        """
        super().__init__()
        self._place, self._pin = place, pin
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._session: Any = None
        self._keys = self._run(_descriptions)

    def create(self, name: str, algorithm: str, purposes: Sequence[str]) -> KeyInfo:
        """Make a key that cannot leave the token; see ``KeyStore.create``.

        Raises TongbanError ``keystore-algorithm`` for SM2 and what else no token of this kind has.
        """
        wanted = purposes_for(name, purposes)
        method = by_name(algorithm)
        if method.oid not in (*_CURVES, _PKCS1, _PSS):
            raise TongbanError("keystore-algorithm", keystore=NAME, algorithm=algorithm)

        def make(session: Any) -> KeyInfo:
            held = self._keys.get(name) or _descriptions(session).get(name)
            if held:
                self._keys[name] = held
                return same(held[0], algorithm, wanted)
            number = os.urandom(16)
            spki = _generate(session, method, name, number)
            info = KeyInfo(name, algorithm, spki, wanted)
            _describe(session, info, number)
            self._keys[name] = (info, number)
            return info

        return self._run(make)

    def sign(self, name: str, digest: bytes) -> bytes:
        """Sign a digest inside the token.

        Raises TongbanError ``key-unknown``, ``digest-length``, ``keystore-unavailable``,
        ``keystore-forked``.
        """
        info, number = self._held(name)
        method = by_name(info.algorithm)
        check_digest(method, digest)
        return self._run(lambda session: _sign(session, method.oid, number, digest))

    def close(self) -> None:
        """End the session; the next use opens another."""
        with self._lock:
            session, self._session = self._session, None
            if session is not None:
                session.close()

    def _run(self, work: Callable[[Any], T]) -> T:
        """Do something in the session; a session that the token dropped is opened once again."""
        import pkcs11

        lost = (
            pkcs11.SessionClosed,
            pkcs11.SessionHandleInvalid,
            pkcs11.UserNotLoggedIn,
            pkcs11.ObjectHandleInvalid,
            pkcs11.DeviceRemoved,
        )
        check_process(self._owner)
        with self._lock:
            try:
                if self._session is not None:
                    try:
                        return work(self._session)
                    except lost:
                        self._session = None
                self._session = _open(self._place, self._pin)
                return work(self._session)
            except (pkcs11.PKCS11Error, OSError) as error:
                reason = type(error).__name__
                raise TongbanError("keystore-unavailable", reason=reason) from error


def _open(place: Place, pin: bytes) -> Any:
    """Log in; raises TongbanError ``keystore-locked``, ``keystore-unavailable``."""
    import pkcs11

    try:
        library = pkcs11.lib(str(place.module))
    except (RuntimeError, OSError) as error:
        raise TongbanError("keystore-unavailable", reason="its library cannot be loaded") from error
    try:
        token = library.get_token(token_label=place.token)
    except pkcs11.NoSuchToken as error:
        raise TongbanError("keystore-unavailable", reason="no token of this label") from error
    wrong = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked)
    try:
        return token.open(rw=True, user_pin=pin.decode())
    except (*wrong, UnicodeDecodeError) as error:
        raise TongbanError("keystore-locked") from error
    except pkcs11.UserAlreadyLoggedIn:
        return token.open(rw=True)


def _generate(session: Any, method: Any, name: str, number: bytes) -> bytes:
    """Make a key pair that signs and does nothing else; return its SubjectPublicKeyInfo."""
    from pkcs11 import Attribute, KeyType, MechanismFlag
    from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
    from pkcs11.util.rsa import encode_rsa_public_key

    keep = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}
    common: dict[str, Any] = {
        "label": name,
        "id": number,
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": keep,
    }
    if method.oid in _CURVES:
        curve = encode_named_curve_parameters(_CURVES[method.oid])
        domain = session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: curve}, local=True
        )
        public, private = domain.generate_keypair(**common)
    else:
        public, private = session.generate_keypair(KeyType.RSA, method.bits, **common)
    if private[Attribute.EXTRACTABLE] or not private[Attribute.SENSITIVE]:
        private.destroy()
        public.destroy()
        raise TongbanError("keystore-unavailable", reason="the token makes extractable keys")
    if method.oid in _CURVES:
        spki: bytes = encode_ec_public_key(public)
        return spki
    return der.sequence(_RSA_KEY, der.bits(encode_rsa_public_key(public)))


def _sign(session: Any, oid: str, number: bytes, digest: bytes) -> bytes:
    from pkcs11 import MGF, Mechanism, ObjectClass

    key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=number)
    made: bytes
    if oid == _PKCS1:
        told = der.sequence(_SHA256, der.encode(der.OCTETS, digest))
        made = key.sign(told, mechanism=Mechanism.RSA_PKCS)
    elif oid == _PSS:
        parameters = (Mechanism.SHA256, MGF.SHA256, _SALT)
        made = key.sign(digest, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=parameters)
    else:
        raw = key.sign(digest, mechanism=Mechanism.ECDSA)
        half = len(raw) // 2
        r, s = int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
        made = der.sequence(der.integer(r), der.integer(s))
    return made


def _describe(session: Any, info: KeyInfo, number: bytes) -> None:
    from pkcs11 import Attribute, ObjectClass

    text = canonical(
        {
            "schema": SCHEMA,
            "name": info.name,
            "algorithm": info.algorithm,
            "spki": base64.b64encode(info.spki).decode(),
            "purposes": list(info.purposes),
            "id": number.hex(),
        }
    )
    session.create_object(
        {
            Attribute.CLASS: ObjectClass.DATA,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: True,
            Attribute.MODIFIABLE: False,
            Attribute.APPLICATION: APPLICATION,
            Attribute.LABEL: info.name,
            Attribute.VALUE: text,
        }
    )


def _descriptions(session: Any) -> dict[str, tuple[KeyInfo, bytes]]:
    """Read all descriptions; raises TongbanError ``keystore-corrupt`` for one that is none."""
    from pkcs11 import Attribute, ObjectClass

    wanted = {Attribute.CLASS: ObjectClass.DATA, Attribute.APPLICATION: APPLICATION}
    found: dict[str, tuple[KeyInfo, bytes]] = {}
    for item in session.get_objects(wanted):
        try:
            raw = json.loads(item[Attribute.VALUE])
            spki = base64.b64decode(raw["spki"], validate=True)
            purposes = tuple(str(purpose) for purpose in raw["purposes"])
            info = KeyInfo(str(raw["name"]), str(raw["algorithm"]), spki, purposes)
            number = bytes.fromhex(raw["id"])
            sound = raw["schema"] == SCHEMA and info.name not in found
        except (KeyError, TypeError, ValueError) as error:
            raise TongbanError("keystore-corrupt", reason="description of a key") from error
        if not sound:
            raise TongbanError("keystore-corrupt", reason=f"entry {info.name}")
        found[info.name] = (info, number)
    return found


def open_store(options: Options) -> Pkcs11Store:
    """Open the token ``options.token`` with the PIN of the password file.

    Raises TongbanError ``keystore-setting-missing``, ``keystore-unlock-missing``,
    ``keystore-pin-open``, ``keystore-locked``, ``keystore-unavailable``, ``keystore-corrupt``.
    """
    if options.module is None:
        raise TongbanError("keystore-setting-missing", setting="--module")
    if not options.token:
        raise TongbanError("keystore-setting-missing", setting="--token")
    return Pkcs11Store(Place(options.module, options.token), pin(options))
