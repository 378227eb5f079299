"""The ground of a hub: database, objects, vault, identity, book of types."""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Self

from hub.settings import Settings
from kernel.clock import Clock

if TYPE_CHECKING:
    from certificates.typebook import Typebook
    from identity.directory import Directory
    from identity.service import Identity
    from kernel.ports import Objects, Probe
    from storage.database import Database
    from storage.vault import AeadVault


class Base:
    """Settings, storage, identity and the book of types: what every other part needs."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, probe: Probe) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock
        self.probe = probe
        self._closing = contextlib.ExitStack()
        self._closing.callback(database.close)

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Stop child processes of this hub and close the database."""
        self._closing.close()

    @cached_property
    def objects(self) -> Objects:
        """Content-addressed files."""
        from storage.objects import open_objects

        settings = self.settings
        return open_objects(settings.objects_url or settings.root / "objects", self.probe)

    @cached_property
    def vault(self) -> AeadVault:
        """Encrypted columns and blind indexes under the hub's data key."""
        from storage.vault import AeadVault, create_key, load_key

        path = self.settings.root / "keys" / "data.key"
        with contextlib.suppress(FileExistsError):
            if not path.exists():
                create_key(path)
        return AeadVault(load_key(path))

    @cached_property
    def directory(self) -> Directory:
        """Organisations, windows, roles, personas and clients."""
        from identity.directory import load_directory

        return load_directory(region=self.settings.region, home=self.settings.root)

    @cached_property
    def identity(self) -> Identity:
        """Who is asking."""
        from identity.service import Identity

        address = self.settings.address
        return Identity(
            transactions=self.database.transactions,
            clock=self.clock,
            vault=self.vault,
            directory=self.directory,
            environment=self.settings.environment,
            audiences=(f"{address}/oauth/token", address),
        )

    @cached_property
    def typebook(self) -> Typebook:
        """The certificate types."""
        from certificates.typebook import load

        return load(self.settings.root)
