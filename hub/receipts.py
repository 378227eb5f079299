"""Receipts for answers: the index of an entry, waited for on the event loop, never on a thread.

Answers that wait at the same time share each look into the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from audit.model import Receipt, ReceiptState
from audit.receipts import Receipts, to_json
from kernel.ids import JournalNo

if TYPE_CHECKING:
    from hub.wiring import Hub

PAUSE: Final = 0.01
"""Seconds between two looks. The sequencer turns as often, so that looking oftener costs only
reads."""
LOOKS: Final = 5
"""Looks for one entry: together the 50 ms that an answer waits."""
_MOST: Final = 500


async def receipt(hub: Hub, numbers: Sequence[JournalNo]) -> dict[str, Any]:
    """Return the receipt of an answer's last entry; ``pending`` after 50 ms without an index."""
    if not numbers:
        return {"state": ReceiptState.PENDING.value}
    return dict(to_json(await hub.log.waiting.receipt(numbers[-1])))


@dataclass(slots=True)
class _Wait:
    future: asyncio.Future[Receipt]
    looks: int = LOOKS


@dataclass(slots=True)
class Waiting:
    """Entries that answers wait for; one task looks for all of them. For one event loop."""

    receipts: Receipts
    _waits: dict[JournalNo, _Wait] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    async def receipt(self, no: JournalNo) -> Receipt:
        """Return the receipt with the index of an entry, or a pending one when time is up."""
        wait = self._waits.get(no)
        if wait is None:
            wait = self._waits[no] = _Wait(asyncio.get_running_loop().create_future())
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve())
        # Shielded, because whoever gives up must not end the wait of another for the same entry.
        return await asyncio.shield(wait.future)

    async def _serve(self) -> None:
        """Look until nobody waits; a failure is given to all who do."""
        try:
            while self._waits:
                await asyncio.sleep(PAUSE)
                self._look()
        finally:
            left, self._waits = self._waits, {}
            for wait in left.values():
                wait.future.cancel()

    def _look(self) -> None:
        """Answer those whose entry has its index, and those whose time is up."""
        wanted = list(self._waits)[:_MOST]
        try:
            found = self.receipts.numbered(wanted)
        except Exception as error:  # noqa: BLE001 - each waiting answer fails by it as by its own
            for no in wanted:
                self._waits.pop(no).future.set_exception(error)
            return
        for no in wanted:
            wait = self._waits[no]
            wait.looks -= 1
            if no in found or wait.looks == 0:
                wait.future.set_result(found.get(no) or Receipt(no, ReceiptState.PENDING))
                del self._waits[no]
