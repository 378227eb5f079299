"""The page on the format says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from audit.model import FaultKind
from audit.tree import leaf_hash
from kernel.actors import Actor, ActorKind
from kernel.clock import from_iso
from kernel.ports import Event
from storage.entries import SCHEMA, body_of

PAGE = (Path(__file__).parents[2] / "docs" / "formats" / "log-leaf.md").read_text("utf-8")


def test_the_example_leaf_is_what_the_journal_writes() -> None:
    actor = Actor("system:toy", ActorKind.SYSTEM, division="410100")
    body = body_of(Event("toy.done", "a", actor, {"n": 1}), from_iso("2026-03-02T01:00:00Z"))
    assert f"    {body.decode()}\n" in PAGE
    assert leaf_hash(body).hex() in PAGE
    assert f'"v":{SCHEMA}' in body.decode()


def test_every_fault_of_a_check_is_listed() -> None:
    listed = set(re.findall(r"`([a-z-]+)`", PAGE.rpartition("Each fault is named")[2]))
    assert listed == {kind.value for kind in FaultKind}
