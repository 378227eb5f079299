from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.testclient import TestClient

from certificates.issue import Issuer
from certificates.register_model import Certificate
from hub.app import build_app
from hub.settings import load
from hub.wiring import Hub, open_hub
from identity.assertions import ASSERTION_TYPE
from identity.directory import load_directory, persona_text
from kernel.clock import SystemClock
from kernel.ids import new_id
from tests.certificates.doubles import FATHER, make_bench
from tests.certificates.test_requests import OFFICE


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    held = pyfuncitem.funcargs.get("browser")
    if held is None:
        return None
    from tests.browser import once_more  # playwright is wanted by pages in a browser alone

    once_more(held, pyfuncitem)
    return True


HTML = {"accept": "text/html,application/xhtml+xml"}
CLIENT = "test-agency"


@pytest.fixture(scope="session")
def client_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "test-1"})


def register_client(home: Path, key: ECKey, *, name: str = CLIENT, org: str = "jyj") -> None:
    folder = home / "registry" / "identity" / "clients"
    folder.mkdir(parents=True, exist_ok=True)
    public = key.as_dict(private=False)
    lines = ['name = "示例市教育局报名系统"', f'org = "{org}"', 'roles = ["agency"]', "[[keys]]"]
    lines += [f"{part} = {json.dumps(public[part])}" for part in ("kty", "crv", "x", "y", "kid")]
    (folder / f"{name}.toml").write_text("\n".join(lines), "utf-8")


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory, client_key: ECKey) -> Path:
    home = tmp_path_factory.mktemp("empty") / "hub"
    register_client(home, client_key)
    return home


@pytest.fixture(scope="session")
def empty_hub(empty_home: Path) -> Iterator[Hub]:
    with open_hub(load(home=empty_home, environment="test", worker=False)) as hub:
        yield hub


class Visitor(TestClient):
    """A browser without a screen: keeps cookies, asks for HTML, finds form codes."""

    def page(self, path: str, **more: Any) -> Any:
        return self.get(path, headers=HTML, **more)

    def sign_in(self, persona: str) -> Visitor:
        answer = self.post("/sign-in", data={"persona": persona}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return self

    def csrf(self, path: str = "/sign-in") -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.page(path).text)
        assert found, "the page carries no form code"
        return found[1]

    def submit(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        form = {"csrf": self.csrf(), **(data or {})}
        return self.post(path, data=form, headers=HTML, follow_redirects=False, **more)


def people(home: Path, key: ECKey) -> Hub:
    """Open a hub with one household and one marriage issued over stand-ins that sign nothing."""
    register_client(home, key)
    register_client(home, key, name="other-agency", org="ybj")
    holder = load_directory(region="410100").personas["holder"]
    folder = home / "registry" / "identity" / "personas"
    folder.mkdir(parents=True)
    text = persona_text(holder, person="测试甲", holder_code=FATHER)
    (folder / "holder.toml").write_text(text, "utf-8")
    hub = open_hub(load(home=home, environment="test", worker=False))
    bench = make_bench(hub.database.transactions, hub.objects, hub.vault, hub.clock, home)
    hub.__dict__["tools"] = bench.tools
    issuer = Issuer(bench.tools)
    for kind, number in (("household-register", "H0001"), ("marriage", "J410199-2020-000001")):
        made = issuer.issue(OFFICE, kind, number).value
        assert isinstance(made, Certificate)
    return hub


@pytest.fixture(scope="session")
def peopled_hub(tmp_path_factory: pytest.TempPathFactory, client_key: ECKey) -> Iterator[Hub]:
    with people(tmp_path_factory.mktemp("peopled") / "hub", client_key) as hub:
        yield hub


@pytest.fixture
def make_peopled(tmp_path: Path, client_key: ECKey) -> Iterator[Callable[[], Hub]]:
    opened: list[Hub] = []

    def make() -> Hub:
        opened.append(people(tmp_path / "peopled", client_key))
        return opened[-1]

    yield make
    for hub in opened:
        hub.close()


def visitor_of(hub: Hub) -> Visitor:
    """Return a fresh browser; the application over a hub is built once and kept with it."""
    app = hub.__dict__.get("test_app") or build_app(hub)
    hub.__dict__["test_app"] = app
    return Visitor(app, raise_server_exceptions=False)


@pytest.fixture
def visitor(empty_hub: Hub) -> Visitor:
    return visitor_of(empty_hub)


def token_form(key: ECKey, audience: str, *, client: str = CLIENT, **claims: Any) -> dict[str, str]:
    now = int(SystemClock().now().timestamp())
    base = {"iss": client, "sub": client, "aud": audience, "exp": now + 60, "jti": new_id("jti")}
    assertion = jwt.encode({"alg": "ES256", "kid": "test-1"}, {**base, **claims}, key)
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }


@pytest.fixture
def bearer(client_key: ECKey) -> Callable[..., dict[str, str]]:
    def make(asker: Visitor, client: str = CLIENT) -> dict[str, str]:
        settings = asker.app.state.hub.settings  # type: ignore[attr-defined] # a FastAPI application
        form = token_form(client_key, f"{settings.address}/oauth/token", client=client)
        answer = asker.post("/oauth/token", data=form)
        assert answer.status_code == 200, answer.text
        return {"authorization": f"Bearer {answer.json()['access_token']}"}

    return make


@pytest.fixture
def resident(peopled_hub: Hub) -> Visitor:
    return visitor_of(peopled_hub)


@pytest.fixture
def make_visitor(empty_hub: Hub) -> Callable[[], Visitor]:
    return lambda: visitor_of(empty_hub)


@pytest.fixture(scope="session")
def visitor_for() -> Callable[[Hub], Visitor]:
    return visitor_of


@pytest.fixture(scope="session")
def visitor_type() -> type[Visitor]:
    return Visitor
