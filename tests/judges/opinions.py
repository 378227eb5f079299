"""What a judge is asked and what it answers."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from certificates.model import Format


class Kind(NamedTuple):
    """What a judge must know to judge a file."""

    format: Format
    algorithm: str
    form: str
    """PDF: the PAdES level; OFD: the structures of its signatures, in order, joined by commas."""

    @property
    def group(self) -> str:
        """What the page calls all files that the same judges can know."""
        sm2 = self.format == "pdf" and self.algorithm == "sm2_sm3"
        return "PDF with SM2" if sm2 else self.format.upper()


class MissingError(Exception):
    """A judge's program is not on this machine; the message names it and how to get it."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """``accepted`` with an empty reason, or refused with the judge's own words."""

    accepted: bool
    reason: str = ""
    structures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trusted:
    """What a judge is told to believe: files in DER, by algorithm family."""

    root: Mapping[str, Path]
    ca: Mapping[str, Path]
    crls: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Of the root and of the authority under it, in this order."""


class Judge(Protocol):
    """One program that is not ours."""

    name: str
    formats: str
    """What it knows, in a few words for the page."""
    looks_at: str
    """What its acceptance means, in a few words for the page."""

    def knows(self, kind: Kind) -> bool:
        """Tell whether it can judge files of a kind at all."""

    def version(self) -> str:
        """Return its version; raises MissingError where it is not installed."""

    def judge(self, files: Sequence[Path], trusted: Trusted) -> list[Opinion]:
        """Return one opinion for each file, in their order."""


def run(*command: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, whatever it answers."""
    words = [str(word) for word in command]
    return subprocess.run(words, input=stdin, capture_output=True, check=False, timeout=300)


def last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last line of what a program said."""
    text = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
    return text.splitlines()[-1] if text else f"exit code {done.returncode}"
