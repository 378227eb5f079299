"""Key devices beside the store of a hub: each family of algorithms goes to its own.

A key stays where it was made, so that a hub may get a device later: keys made before then go on
signing from their old place, and every new one of the family is made in the device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.errors import TongbanError
from signing.keystores import open_store
from signing.keystores.options import Options
from signing.ports import KeyInfo, KeyStore

FAMILIES = {"sm2": ("sm2_",), "p256": ("ecdsa_", "rsa_")}
"""Family to the beginnings of its algorithms' names; the key of the log is of none."""
KINDS = {"sm2": ("sdf",), "p256": ("pkcs11",)}
"""Which kinds of device can sign for a family. PKCS#11 standardises no SM2 signature: a token may
make a key on that curve and would sign with it by another algorithm."""


@dataclass(frozen=True, slots=True)
class KeyDevice:
    """A device for one family: kind, file of the PIN (mode 0600), library (or the stand-in's
    socket), label of the token where it has one.
    """

    family: str
    kind: str
    pin_file: Path
    module: Path
    token: str = ""

    def words(self) -> list[str]:
        """Return it as arguments of ``python -m signing.signer``."""
        places = (self.pin_file.absolute(), self.module.absolute())
        return ["--device", self.family, self.kind, *map(str, places), self.token]

    @classmethod
    def read(cls, words: Sequence[str]) -> KeyDevice:
        """Read what ``words`` wrote, without the option's name."""
        family, kind, pin, module, token = words
        return cls(family, kind, Path(pin), Path(module), token)


class Routed:
    """Implements ``KeyStore`` over several. One process holds it; its threads share it safely."""

    def __init__(self, base: KeyStore, devices: Mapping[str, KeyStore]) -> None:
        """Join the stores; TongbanError ``keystore-corrupt`` where two hold keys of one name."""
        self._base, self._devices = base, dict(devices)
        self._owners: dict[str, KeyStore] = {}
        for store in (base, *devices.values()):
            for name in store.names():
                if name in self._owners:
                    raise TongbanError("keystore-corrupt", reason=f"two stores hold {name}")
                self._owners[name] = store

    @property
    def demo(self) -> bool:
        """True where any of the stores is one."""
        return any(store.demo for store in (self._base, *self._devices.values()))

    def create(self, name: str, algorithm: str, purposes: Sequence[str]) -> KeyInfo:
        """Make a key in the store of its family; see ``KeyStore.create``."""
        store = self._owners.get(name) or self._devices.get(family(algorithm), self._base)
        info = store.create(name, algorithm, purposes)
        self._owners[name] = store
        return info

    def names(self) -> tuple[str, ...]:
        """Return the names of all keys, sorted."""
        return tuple(sorted(self._owners))

    def info(self, name: str) -> KeyInfo:
        """Describe a key; raises TongbanError ``key-unknown``."""
        return self._owner(name).info(name)

    def public_key(self, name: str) -> tuple[str, bytes]:
        """Return algorithm and SubjectPublicKeyInfo; raises TongbanError ``key-unknown``."""
        return self._owner(name).public_key(name)

    def sign(self, name: str, digest: bytes) -> bytes:
        """Sign a digest where the key is; errors of that store."""
        return self._owner(name).sign(name, digest)

    def _owner(self, name: str) -> KeyStore:
        found = self._owners.get(name)
        if found is None:
            raise TongbanError("key-unknown", key=name)
        return found


def family(algorithm: str) -> str:
    """Return the family of an algorithm, or nothing."""
    for name, beginnings in FAMILIES.items():
        if algorithm.startswith(beginnings):
            return name
    return ""


def open_stores(kind: str, options: Options, devices: Sequence[KeyDevice]) -> KeyStore:
    """Open the store of a hub, with the devices that take over families.

    Raises TongbanError as ``open_store``, and ``keystore-algorithm`` for a device that cannot sign
    for its family.
    """
    for device in devices:
        if device.kind not in KINDS.get(device.family, ()):
            given = {"keystore": device.kind, "algorithm": device.family}
            raise TongbanError("keystore-algorithm", **given)
    base = open_store(kind, options)
    if not devices:
        return base
    opened = {device.family: _open(device, options) for device in devices}
    return Routed(base, opened)


def _open(device: KeyDevice, options: Options) -> KeyStore:
    own = Options(options.home, options.environment, device.pin_file, device.module, device.token)
    return open_store(device.kind, own)
