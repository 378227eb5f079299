"""Reads the registries of organisations, windows, roles, personas, clients; refuses broken ones."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from identity.errors import Code
from identity.model import (
    Client,
    ClientStatus,
    Org,
    OrgKind,
    Persona,
    Role,
    Window,
)
from kernel.actors import ActorKind, Reach
from kernel.errors import TongbanError
from kernel.registry import Member, Registry, load

T = TypeVar("T")

_KEY_MEMBERS = {"EC": {"kty", "crv", "x", "y", "kid"}, "OKP": {"kty", "crv", "x", "kid"}}
_CURVES = {"EC": "P-256", "OKP": "Ed25519"}


@dataclass(frozen=True, slots=True)
class Directory:
    """All that the registries say. ``digest`` names this state of them."""

    orgs: Mapping[str, Org]
    windows: Mapping[str, Window]
    roles: Mapping[str, Role]
    personas: Mapping[str, Persona]
    clients: Mapping[str, Client]
    digest: str

    def org(self, key_or_code: str) -> Org | None:
        """Return the organisation with this short key or credit code, or None."""
        by_key = self.orgs.get(key_or_code)
        if by_key is not None:
            return by_key
        return next((org for org in self.orgs.values() if org.code == key_or_code), None)

    def rights(self, roles: tuple[str, ...]) -> dict[str, Reach]:
        """Unite the rights of roles; where two name one action the wider reach holds."""
        order = list(Reach)
        united: dict[str, Reach] = {}
        for name in roles:
            for action, reach in self.roles[name].rights.items():
                held = united.get(action, reach)
                united[action] = min(held, reach, key=order.index)
        return united


def load_directory(*, region: str, home: Path | None = None) -> Directory:
    """Load defaults and the hub's overlay. Raises ``identity-registry-broken`` naming the file."""
    folders = {
        "orgs": load("identity", "orgs", ".csv", home),
        "windows": load("identity", "windows", ".toml", home),
        "roles": load("identity", "roles", ".toml", home),
        "personas": load("identity", "personas", ".toml", home),
        "clients": load("identity", "clients", ".toml", home),
    }
    orgs = _orgs(folders["orgs"], region)
    roles = _each(folders["roles"], _role)
    directory = Directory(
        orgs=orgs,
        windows=_each(folders["windows"], _window),
        roles=roles,
        personas=_each(folders["personas"], _persona),
        clients=_each(folders["clients"], lambda member: _client(member, region)),
        digest=_digest(folders.values()),
    )
    _check_references(directory)
    return directory


def persona_text(persona: Persona, *, person: str, holder_code: str) -> str:
    """Return the TOML of ``persona`` bound to a person, for a hub's overlay."""
    rows = {
        "kind": persona.kind.value,
        "order": persona.order,
        "title": persona.title,
        "title_en": persona.title_en,
        "person": person,
        "org": persona.org,
        "window": persona.window,
        "roles": list(persona.roles),
        "about": persona.about,
        "about_en": persona.about_en,
        "holder_code": holder_code,
    }
    # JSON strings, numbers and arrays of strings are valid TOML values.
    return "".join(
        f"{name} = {json.dumps(row, ensure_ascii=False)}\n" for name, row in rows.items()
    )


def _digest(registries: Any) -> str:
    return hashlib.sha256("".join(item.digest for item in registries).encode()).hexdigest()


def _broken(member: str, reason: object) -> TongbanError:
    return TongbanError(Code.REGISTRY_BROKEN, file=member, reason=reason)


def _each(registry: Registry, build: Callable[[Member], T]) -> dict[str, T]:
    built: dict[str, T] = {}
    for name, member in registry.members.items():
        try:
            built[name] = build(member)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise _broken(f"{registry.folder}/{name}.toml", error) from error
    return built


def _orgs(registry: Registry, region: str) -> dict[str, Org]:
    orgs: dict[str, Org] = {}
    for name, member in registry.members.items():
        try:
            for row in csv.DictReader(io.StringIO(member.data.decode("utf-8-sig"))):
                orgs[row["key"]] = Org(
                    key=row["key"],
                    code=row["code"],
                    name=row["name"],
                    kind=OrgKind(row["kind"]),
                    division=row.get("division") or region,
                    duties=row.get("duties") or "",
                    source=row.get("source") or "",
                )
        except (KeyError, ValueError) as error:
            raise _broken(f"orgs/{name}.csv", error) from error
    return orgs


def _role(member: Member) -> Role:
    raw = member.toml()
    rights = {action: Reach(reach) for action, reach in raw["rights"].items()}
    return Role(member.name, raw["title"], raw["title_en"], rights)


def _window(member: Member) -> Window:
    raw = member.toml()
    return Window(member.name, raw["name"], raw["name_en"], raw["org"])


def _persona(member: Member) -> Persona:
    raw = member.toml()
    return Persona(
        name=member.name,
        kind=ActorKind(raw["kind"]),
        title=raw["title"],
        title_en=raw["title_en"],
        person=raw["person"],
        about=raw["about"],
        about_en=raw["about_en"],
        roles=tuple(raw["roles"]),
        org=raw.get("org", ""),
        window=raw.get("window", ""),
        holder_code=raw.get("holder_code", ""),
        order=raw.get("order", 100),
    )


def _client(member: Member, region: str) -> Client:
    raw = member.toml()
    keys = tuple(_key(key) for key in raw["keys"])
    if len({key["kid"] for key in keys}) != len(keys):
        message = "two keys with one kid"
        raise ValueError(message)
    return Client(
        id=member.name,
        name=raw["name"],
        org=raw["org"],
        division=raw.get("division") or region,
        roles=tuple(raw["roles"]),
        status=ClientStatus(raw.get("status", "active")),
        keys=keys,
    )


def _key(raw: Mapping[str, Any]) -> dict[str, str]:
    """Accept exactly the members of a public P-256 or Ed25519 key, so that no secret slips in."""
    members = _KEY_MEMBERS[raw["kty"]]
    if set(raw) - members:
        message = f"members not allowed in a public key: {sorted(set(raw) - members)}"
        raise ValueError(message)
    if raw["crv"] != _CURVES[raw["kty"]]:
        message = f"curve not allowed: {raw['crv']}"
        raise ValueError(message)
    return {name: str(raw[name]) for name in sorted(members)}


def _check_references(directory: Directory) -> None:
    for folder, holders in (
        ("windows", directory.windows),
        ("personas", directory.personas),
        ("clients", directory.clients),
    ):
        for name, item in holders.items():
            roles: tuple[str, ...] = getattr(item, "roles", ())
            missing = [role for role in roles if role not in directory.roles]
            org = getattr(item, "org", "")
            if org and directory.org(org) is None:
                missing.append(org)
            if missing:
                raise _broken(f"{folder}/{name}.toml", f"unknown: {', '.join(missing)}")
