"""Receipts for answers: the index of an entry, waited for on the event loop, never on a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from audit.model import ReceiptState
from audit.receipts import to_json
from kernel.ids import JournalNo

if TYPE_CHECKING:
    from hub.wiring import Hub

PAUSES: Final = (0.015, 0.015, 0.02)
"""Seconds before each look; together the 50 ms that an answer waits. The sequencer looks every
10 ms, so that looking sooner or oftener only costs reads."""


async def receipt(hub: Hub, numbers: Sequence[JournalNo]) -> dict[str, Any]:
    """Return the receipt of an answer's last entry; ``pending`` after 50 ms without an index."""
    if not numbers:
        return {"state": ReceiptState.PENDING.value}
    for pause in PAUSES:
        await asyncio.sleep(pause)
        found = hub.log.receipts.receipt(numbers[-1], wait=0)
        if found.state is not ReceiptState.PENDING:
            break
    return dict(to_json(found))
