"""The documentation follows the code."""

from __future__ import annotations

import re
from pathlib import Path

from hub.reference import current
from hub.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "kernel",
    "storage",
    "identity",
    "quality",
    "catalog",
    "signing",
    "audit",
    "certificates",
    "intake",
    "hub",
)


def test_the_reference_names_every_setting_command_route_and_error() -> None:
    written = (ROOT / "docs" / "reference.md").read_text("utf-8")
    assert written == current(), "run: python -m hub.reference"


def test_the_page_on_deploying_has_a_word_on_every_setting() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    settings = {f"TONGBAN_{name.upper()}" for name in Settings.model_fields}
    assert settings <= set(re.findall(r"TONGBAN_[A-Z0-9_]+", page))


def test_every_route_says_what_it_is() -> None:
    section = current().split("## Routes")[1].split("## Error codes")[0]
    empty = [line for line in section.splitlines() if re.search(r"\|\s*\|$", line)]
    assert not empty


def test_links_between_documents_resolve() -> None:
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text("utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not broken


def test_the_architecture_page_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert all(f"`{room}/`" in text for room in ROOMS)


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"make ([a-z][a-z-]+)", (ROOT / "README.md").read_text("utf-8")))
    assert named <= targets
