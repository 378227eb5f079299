"""Receipts for answers: the index of an entry, waited for on the event loop, never on a thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from audit.model import ReceiptState
from audit.receipts import to_json
from kernel.ids import JournalNo

if TYPE_CHECKING:
    from hub.wiring import Hub

WAIT_SECONDS: Final = 0.05
_POLL_SECONDS: Final = 0.01


async def receipt(hub: Hub, numbers: Sequence[JournalNo]) -> dict[str, Any]:
    """Return the receipt of an answer's last entry; ``pending`` after 50 ms without an index."""
    if not numbers:
        return {"state": ReceiptState.PENDING.value}
    number, until = numbers[-1], time.monotonic() + WAIT_SECONDS
    found = hub.log.receipts.receipt(number, wait=0)
    while found.state is ReceiptState.PENDING and time.monotonic() < until:
        await asyncio.sleep(_POLL_SECONDS)
        found = hub.log.receipts.receipt(number, wait=0)
    return dict(to_json(found))
