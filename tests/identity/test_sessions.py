from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from certificates.subjects import holder_ref
from identity import tokens
from identity.directory import Directory, load_directory, persona_text
from identity.model import AccessToken, ClientStatus, SignedIn
from identity.service import Identity
from kernel.actors import Reach, system
from kernel.clock import FixedClock
from kernel.errors import Refused, TongbanError
from storage.database import Database
from storage.vault import AeadVault


def sign_in(identity: Identity, name: str = "clerk") -> SignedIn:
    value = identity.sign_in_persona(name).result(5).value
    assert isinstance(value, SignedIn)
    return value


def test_every_persona_signs_in_with_the_rights_of_its_role(identity: Identity) -> None:
    for persona in identity.personas():
        actor = identity.actor_of_session(sign_in(identity, persona.name).token)
        assert not isinstance(actor, Refused)
        assert actor.rights == identity.directory.rights(persona.roles)


def test_personas_are_refused_in_production(
    make_identity: Callable[..., Identity], database: Database
) -> None:
    demo, production = make_identity(), make_identity("production")
    token = sign_in(demo).token
    assert production.personas() == ()
    value = production.sign_in_persona("steward").result(5).value
    assert value == Refused("persona-refused")
    assert production.actor_of_session(token) == Refused("persona-refused")
    rows = database.transactions.read(lambda tx: database.journal.after(tx, 0, 10))
    assert "identity.sign-in-refused" in {row.kind for row in rows}


def test_an_unknown_persona_is_refused(identity: Identity) -> None:
    value = identity.sign_in_persona("root").result(5).value
    assert isinstance(value, Refused)
    assert value.code == "persona-unknown"


def test_a_session_ends_when_signed_out_and_when_its_time_is_over(
    identity: Identity, clock: FixedClock
) -> None:
    first, second = sign_in(identity), sign_in(identity)
    assert identity.sign_out(first.token).result(5).value is True
    assert identity.actor_of_session(first.token) == Refused("session-ended")
    assert identity.sign_out(first.token).result(5).value is False
    clock.advance(hours=8)
    assert identity.actor_of_session(second.token) == Refused("session-ended")


@pytest.mark.parametrize("token", ["", "x", "é" * 99, "\ud800", "' or 1=1 --"])
def test_a_guessed_session_token_is_nobody(identity: Identity, token: str) -> None:
    assert identity.actor_of_session(token) == Refused("session-ended")


def test_neither_tokens_nor_the_holders_code_reach_the_database(
    identity: Identity, database: Database, tmp_path: Path
) -> None:
    token = sign_in(identity).token
    identity.actor_of_session(token)
    database.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
    assert token.encode() not in stored


def test_the_form_code_belongs_to_one_session() -> None:
    first, second = tokens.new_token(), tokens.new_token()
    assert tokens.csrf_matches(first, tokens.csrf(first))
    assert not tokens.csrf_matches(second, tokens.csrf(first))
    assert not tokens.csrf_matches(first, "")
    assert not tokens.csrf_matches(first, "\ud800é")


def test_the_holder_persona_is_known_by_reference_only(
    identity: Identity, home: Path, vault: AeadVault, make_identity: Any
) -> None:
    code = "41019919900101002X"
    folder = home / "registry" / "identity" / "personas"
    folder.mkdir(parents=True)
    default = identity.directory.personas["holder"]
    text = persona_text(default, person="测试母亲", holder_code=code)
    (folder / "holder.toml").write_text(text, "utf-8")
    persona = load_directory(region="410100", home=home).personas["holder"]
    assert (persona.person, persona.title) == ("测试母亲", default.title)
    actor = identity.actor_of_persona(persona)
    assert actor.holder == holder_ref(vault, "111", code)
    assert code not in repr(actor)
    assert code not in repr(persona)
    assert "测试母亲" not in repr(actor)


def test_an_access_token_lives_ten_minutes_and_dies_with_its_client(
    identity: Identity, sign: Any, claims: Any, clock: FixedClock
) -> None:
    given = identity.issue_token(sign(claims)).result(5).value
    assert isinstance(given, AccessToken)
    root = system("test", rights=("identity.manage",))
    changed = identity.set_client_status(root, "ybj-core", ClientStatus.SUSPENDED).result(5)
    assert changed.value is ClientStatus.SUSPENDED
    assert identity.actor_of_token(given.token) == Refused("client-suspended")
    identity.set_client_status(root, "ybj-core", ClientStatus.ACTIVE).result(5)
    assert not isinstance(identity.actor_of_token(given.token), Refused)
    clock.advance(minutes=10)
    assert identity.actor_of_token(given.token) == Refused("token-invalid")


def test_only_an_administrator_suspends_a_client(identity: Identity) -> None:
    steward = identity.actor_of_persona(identity.directory.personas["steward"])
    value = identity.set_client_status(steward, "ybj-core", ClientStatus.SUSPENDED).result(5).value
    assert isinstance(value, Refused)
    assert value.code == "not-permitted"
    root = system("test", rights=("identity.manage",))
    value = identity.set_client_status(root, "nobody", ClientStatus.SUSPENDED).result(5).value
    assert value == Refused("client-unknown")


def test_a_flood_of_strangers_makes_one_entry_a_minute_with_their_number(
    identity: Identity, database: Database, clock: FixedClock
) -> None:
    for _ in range(50):
        identity.issue_token("junk").result(5)
    clock.advance(minutes=1)
    identity.issue_token("junk").result(5)
    rows = database.transactions.read(lambda tx: database.journal.about(tx, "unknown"))
    assert [json.loads(row.body)["data"]["count"] for row in rows] == [1, 50]


def test_a_ticket_opens_once_for_its_actor_within_five_minutes(
    identity: Identity, clock: FixedClock
) -> None:
    mine, other = system("mine"), system("other")
    one, two = identity.tickets.give(mine, ("req-1/pdf", "req-1/ofd")).result(5).value
    assert identity.tickets.take(other, one.token).result(5).value == Refused("ticket-invalid")
    assert identity.tickets.take(mine, one.token).result(5).value == "req-1/pdf"
    assert identity.tickets.take(mine, one.token).result(5).value == Refused("ticket-invalid")
    clock.advance(minutes=5)
    assert identity.tickets.take(mine, two.token).result(5).value == Refused("ticket-invalid")


def test_the_wider_reach_of_two_roles_holds(directory: Directory) -> None:
    rights = directory.rights(("holder", "approver"))
    assert rights["certificates.read"] is Reach.ORG


@pytest.mark.parametrize(
    ("folder", "name", "text"),
    [
        ("roles", "broken.toml", 'title = "x"\ntitle_en = "x"\n[rights]\n"a.b" = "everything"'),
        ("roles", "broken.toml", "not toml at all ="),
        ("roles", "broken.toml", "title = 'x'"),
        ("personas", "broken.toml", 'kind = "staff"'),
        ("windows", "broken.toml", 'name = "窗口"\nname_en = "w"\norg = "nowhere"'),
        ("clients", "broken.toml", 'name = "x"\norg = "ybj"\nroles = ["king"]\nkeys = []'),
        (
            "clients",
            "broken.toml",
            'name="x"\norg="ybj"\nroles=[]\n[[keys]]\nkty="EC"\ncrv="P-256"\nx="a"\ny="b"\nkid="1"\nd="secret"',
        ),
        (
            "clients",
            "broken.toml",
            'name="x"\norg="ybj"\nroles=[]\n[[keys]]\nkty="oct"\nk="c2VjcmV0"\nkid="1"',
        ),
        (
            "clients",
            "broken.toml",
            'name="x"\norg="ybj"\nroles=[]\n[[keys]]\nkty="EC"\ncrv="secp256k1"\nx="a"\ny="b"\nkid="1"',
        ),
        ("orgs", "broken.csv", "key,code\nx,y\n"),
    ],
)
def test_a_broken_registry_file_is_named(tmp_path: Path, folder: str, name: str, text: str) -> None:
    target = tmp_path / "registry" / "identity" / folder
    target.mkdir(parents=True)
    (target / name).write_text(text, "utf-8")
    with pytest.raises(TongbanError) as raised:
        load_directory(region="410100", home=tmp_path)
    assert raised.value.code == "identity-registry-broken"
    assert raised.value.params["file"] == f"{folder}/{name}"


def test_every_organisation_has_a_valid_synthetic_credit_code(directory: Directory) -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for org in directory.orgs.values():
        total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(org.code[:17]))
        assert alphabet[-total % 31] == org.code[17], org.key
        assert directory.org(org.code) == org
