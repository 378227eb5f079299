from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

from identity.directory import Directory, load_directory
from identity.service import Identity
from identity.store import METADATA
from kernel.clock import FixedClock
from storage.database import Database
from storage.vault import AeadVault

AUDIENCE = "http://127.0.0.1:8600/oauth/token"


@pytest.fixture(scope="session")
def ec_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "ec-1"})


@pytest.fixture(scope="session")
def ed_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": "ed-1"})


def client_toml(*keys: Any, status: str = "active") -> str:
    lines = [
        'name = "示例市医疗保障局业务系统"',
        'org = "ybj"',
        'roles = ["agency"]',
        f'status = "{status}"',
    ]
    for key in keys:
        lines.append("[[keys]]")
        public = {name: key.as_dict(private=False)[name] for name in ("kty", "crv", "x", "kid")}
        if public["kty"] == "EC":
            public["y"] = key.as_dict(private=False)["y"]
        lines += [f"{name} = {json.dumps(value)}" for name, value in public.items()]
    return "\n".join(lines)


@pytest.fixture
def home(tmp_path: Path, ec_key: ECKey, ed_key: OKPKey) -> Path:
    folder = tmp_path / "home" / "registry" / "identity" / "clients"
    folder.mkdir(parents=True)
    (folder / "ybj-core.toml").write_text(client_toml(ec_key, ed_key), "utf-8")
    (folder / "ybj-old.toml").write_text(client_toml(ec_key, status="suspended"), "utf-8")
    return tmp_path / "home"


@pytest.fixture
def directory(home: Path) -> Directory:
    return load_directory(region="410100", home=home)


@pytest.fixture
def database(make_database: Callable[..., Database]) -> Database:
    return make_database(METADATA)


@pytest.fixture
def make_identity(
    database: Database, clock: FixedClock, vault: AeadVault, directory: Directory
) -> Callable[..., Identity]:
    def make(environment: str = "demo") -> Identity:
        return Identity(
            transactions=database.transactions,
            clock=clock,
            vault=vault,
            directory=directory,
            environment=environment,
            audiences=(AUDIENCE,),
        )

    return make


@pytest.fixture
def identity(make_identity: Callable[..., Identity]) -> Identity:
    return make_identity()


@pytest.fixture
def claims(clock: FixedClock) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    return {
        "iss": "ybj-core",
        "sub": "ybj-core",
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 120,
        "jti": "one",
    }


@pytest.fixture
def sign(ec_key: ECKey) -> Callable[..., str]:
    def make(
        claims: dict[str, Any], key: Any = None, algorithm: str = "ES256", **header: Any
    ) -> str:
        chosen = key or ec_key
        head = {"alg": algorithm, "kid": "ec-1", **header}
        return jwt.encode(head, claims, chosen, algorithms=[algorithm])

    return make
