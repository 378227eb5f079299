"""How a city's departments let its hub come for their data: addresses, tokens, a deposit.

The live database and the object store have an address each and the service has a token, all below
``home/secrets`` as the source files name them, one line a file, for this user alone (mode 0600).
The service writes its own address when it starts, see ``examples.world.service``.
"""

from __future__ import annotations

import re
from pathlib import Path

from examples.world.departments import births, enterprises, estate
from examples.world.secretfiles import keep, token_of
from storage.objects import open_objects

_DEPOSITED = re.compile(r"(?m)^digests = .*$")


def secret_file(home: Path, source: str, kind: str = "address") -> Path:
    """Return where the hub of ``home`` finds the ``address`` or the ``token`` of a source."""
    return home / "secrets" / f"{source}.{kind}"


def open_doors(home: Path, inbox: Path, store: str = "") -> None:
    """Let the hub of ``home`` come for what lies in ``inbox``; departments without data are left.

    ``store`` is the land registry's object store, a folder or ``s3://…`` as
    ``storage.objects.open_objects`` takes it: its archives are moved there and the source file is
    told their digests. By default it is a folder below ``home``.
    """
    if (inbox / births.SOURCE).is_dir():
        token_of(secret_file(home, births.SOURCE, "token"))
    database = inbox / enterprises.SOURCE / enterprises.FILE
    if database.exists():
        keep(secret_file(home, enterprises.SOURCE), f"sqlite:///{database.resolve()}")
    if (inbox / estate.SOURCE).is_dir():
        address = store or str((home / "departments" / estate.SOURCE).resolve())
        keep(secret_file(home, estate.SOURCE), address)
        _deposit(inbox / estate.SOURCE, address, source_file(home, estate.SOURCE))


def source_file(home: Path, source: str) -> Path:
    """Return the source file of a hub's registry."""
    return home / "registry" / "catalog" / "sources" / f"{source}.toml"


def deposited(path: Path) -> str:
    """Return the line of a source file that says what was deposited; empty where there is none."""
    found = _DEPOSITED.search(path.read_text("utf-8")) if path.exists() else None
    return found[0] if found else ""


def tell(path: Path, line: str) -> None:
    """Put the line that says what was deposited into a source file."""
    path.write_text(_DEPOSITED.sub(lambda _: line, path.read_text("utf-8")), "utf-8")


def _deposit(folder: Path, address: str, source: Path) -> None:
    objects = open_objects(address)
    entries = []
    for archive in sorted(folder.iterdir()):
        entries.append(f'"{archive.name}" = "{objects.put_file(archive)}"')
        archive.unlink()
    folder.rmdir()
    tell(source, f"digests = {{ {', '.join(entries)} }}")
