"""The region's revocation lists: kept fresh in the registry, beside those of other regions.

``home/registry/signing/crls/<region>-<algorithm>.crl`` lists the certificates of the issuing CA
that are revoked or on hold, ``<region>-root-<algorithm>.crl`` those of the root. Lists of other
regions lie beside them under names of their own; all of them count in verdicts.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from kernel.clock import Clock
from kernel.errors import TongbanError
from kernel.ports import Transactions
from signing import crl
from signing.authority import FAMILIES, RegionalCA, listed_by, role_certificate
from signing.seal_model import IssuedCertificate, Role

HOURS: Final = {Role.CA: 24, Role.ROOT: 24 * 30}
"""How long a list may be used; a new one is made at half of it."""
BUNDLE: Final = "revocation.crl"
_MIDDLE: Final = {Role.CA: "", Role.ROOT: "root-"}
_LARGEST_FILE: Final = 2 * crl.LARGEST
"""PEM takes a third more than the list inside."""
_LOG = structlog.get_logger("tongban.revocation")


def lists_folder(home: Path) -> Path:
    """Return where the lists of a hub lie."""
    return home / "registry" / "signing" / "crls"


def read_lists(folder: Path) -> tuple[bytes, ...]:
    """Return every list of the folder (DER).

    A file that holds none is passed over with a line in the log: what it would have said is then
    unknown to the verdict, which says so.
    """
    found: list[bytes] = []
    for path in sorted(folder.glob("*.crl")):
        lists = lists_in(path)
        if not lists:
            _LOG.warning("revocation-list-passed-over", where=path.name)
        found += lists
    return tuple(found)


def lists_in(path: Path) -> tuple[bytes, ...]:
    """Return the lists in one file, none where it is unreadable or too large."""
    try:
        return crl.from_file(path.read_bytes()) if path.stat().st_size < _LARGEST_FILE else ()
    except (OSError, TongbanError):
        return ()


class Publisher:
    """Writes the lists of this region whenever they are missing, half used up, or out of date."""

    def __init__(
        self,
        *,
        home: Path,
        region: str,
        transactions: Transactions,
        authority: Callable[[], RegionalCA],
        clock: Clock,
    ) -> None:
        """Join the ports; ``authority`` is only asked for when there is something to sign."""
        self._home = home
        self._region = region
        self._transactions = transactions
        self._authority = authority
        self._clock = clock

    @property
    def folder(self) -> Path:
        """Where the lists lie."""
        return lists_folder(self._home)

    def publish(self) -> tuple[str, ...]:
        """Make the lists that are due; returns the names of the files written.

        Without an established authority there is nothing to list. Safe in any number of processes:
        what a list says is read and written under one lock, so that an older state never replaces
        a newer one. Raises TongbanError of the signer.
        """
        issuers = {
            (role, algorithm): role_certificate(self._transactions, role, algorithm)
            for role in HOURS
            for algorithm in FAMILIES
        }
        if not any(issuers.values()):
            return ()
        self.folder.mkdir(parents=True, exist_ok=True)
        written = []
        with self._alone():
            for (role, algorithm), issuer in issuers.items():
                name = f"{self._region}-{_MIDDLE[role]}{algorithm}.crl"
                if issuer and self._renew(self.folder / name, issuer):
                    written.append(name)
            if written and (self._home / "trust").is_dir():
                self.bundle()
        return tuple(written)

    def relist(self) -> None:
        """Publish at once after a change; what fails now is left to the next regular look."""
        try:
            self.publish()
        except (OSError, TongbanError) as error:
            code = error.code if isinstance(error, TongbanError) else type(error).__name__
            _LOG.warning("revocation-list-late", code=code)

    def own(self, name: str) -> bytes | None:
        """Return one published list of this region by the name of its file, or None."""
        names = {
            f"{self._region}-{middle}{algorithm}.crl"
            for middle in _MIDDLE.values()
            for algorithm in FAMILIES
        }
        try:
            return (self.folder / name).read_bytes() if name in names else None
        except FileNotFoundError:
            return None

    def bundle(self) -> Path:
        """Write all lists at hand as PEM into ``home/trust``, for verifiers elsewhere."""
        target = self._home / "trust" / BUNDLE
        _replace(target, b"".join(map(crl.to_pem, read_lists(self.folder))))
        return target

    def _renew(self, path: Path, issuer: IssuedCertificate) -> bool:
        try:
            held = crl.for_issuer((path.read_bytes(),), issuer.cert)
        except FileNotFoundError:
            held = None
        if held and not self._due(held, issuer):
            return False
        fresh = self._authority().crl(
            issuer.algorithm,
            HOURS[issuer.role],
            role=issuer.role,
            after=held.number if held else 0,
        )
        if crl.for_issuer((fresh,), issuer.cert) is None:
            raise TongbanError("signature-failed", algorithm=issuer.algorithm)
        _replace(path, fresh)
        return True

    def _due(self, held: crl.Crl, issuer: IssuedCertificate) -> bool:
        now = self._clock.now()
        if held.next_update is None or now < held.this_update:
            return True
        listed = listed_by(self._transactions, issuer)
        said = {serial: serial in held.held for serial in held.revoked}
        half = held.this_update + (held.next_update - held.this_update) / 2
        return now >= half or said != {item.cert.serial: item.on_hold for item in listed}

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "_lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _replace(target: Path, data: bytes) -> None:
    """Write a file so that readers see the old one or the new one, also after a power cut."""
    fresh = target.with_suffix(".fresh")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(target)
