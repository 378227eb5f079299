"""What the exchange needs from outside: a signature, a line to the peer, leaves of the log."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from certificates.exchange.message import Message
from certificates.ports import Judgement
from kernel.ports import Json


class MessageKey(Protocol):
    """The hub's own key for messages to peers, at the signer."""

    def key_id(self) -> str:
        """Return the id under which peers know the key."""

    def sign(self, base: bytes, number: str) -> bytes:
        """Sign a signature base; ``number`` gets one signature, ever. Returns DER.

        Raises TongbanError of signing.
        """


class Line(Protocol):
    """Carries one message to a peer and brings its answer. Never follows a redirection."""

    def send(self, question: Message, region: str) -> Message:
        """Return the answer within 2.5 seconds, unchecked.

        Raises TongbanError ``peer-unreachable``, ``peer-slow``, ``peer-answer-incomplete``,
        ``peer-answer-malformed`` (larger than any answer may be).
        """


class Leaves(Protocol):
    """Leaf hashes and receipts of own entries."""

    def leaf(self, journal_no: int) -> str:
        """Return the leaf hash of a committed entry, Base64."""

    def receipt(self, journal_no: int) -> Json:
        """Return the receipt of a committed entry, perhaps still pending."""


class ForeignJudge(Protocol):
    """Judges copies of another region under that region's trust list alone."""

    def lists(self, region: str, at: datetime) -> bool | None:
        """Tell whether a trust list of the region is in force; None where there is none at all."""

    def judge(self, data: bytes, name: str, region: str, at: datetime) -> Judgement:
        """Judge untrusted bytes; never raises for a bad file."""
