"""The log page: checkpoint, receipt look-up, latest entries, how to check it oneself."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from audit.model import Receipt, ReceiptState
from hub import logbook
from hub.refusal import granted
from hub.views import render
from hub.visitor import Visiting, hub_of

router = APIRouter(tags=["pages"], include_in_schema=False)


@router.get("/log")
async def log(request: Request, visitor: Visiting, no: str = "") -> Response:
    """Shows how large the log is, its root, and the receipt of one entry."""
    hub, actor = hub_of(request), visitor.actor
    signed = granted(logbook.checkpoint(hub, actor))
    wanted = no.strip()[:18]
    number = int(wanted) if wanted.isascii() and wanted.isdigit() else 0
    found = granted(logbook.receipt(hub, actor, number)) if wanted else None
    head = None
    if signed is not None:
        root = base64.b64encode(signed.root).decode()
        head = {"size": signed.size, "root": root, "at": signed.at, "origin": hub.log.origin}
    values = {
        "visitor": visitor,
        "checkpoint": head,
        "no": wanted,
        "receipt": shown(found) if found else None,
        "named": granted(logbook.named(hub, actor, number))
        if found and visitor.may(logbook.CHECK)
        else {},
        "entries": granted(logbook.latest(hub, actor)) if visitor.may(logbook.CHECK) else None,
    }
    return render(request, "log.html", values)


def shown(receipt: Receipt) -> dict[str, Any]:
    """Return what the page shows of a receipt."""
    facts: list[tuple[str, str, str]] = []
    if receipt.index is not None:
        facts.append(("序号", "Index", str(receipt.index)))
        facts.append(("叶哈希", "Leaf hash", base64.b64encode(receipt.leaf_hash).decode()))
    if receipt.state is ReceiptState.PROVEN:
        facts.append(("树大小", "Tree size", str(receipt.size)))
        facts.append(("根哈希", "Root hash", base64.b64encode(receipt.root).decode()))
    return {
        "pending": receipt.state is not ReceiptState.PROVEN,
        "facts": facts,
        "proof": [base64.b64encode(item).decode() for item in receipt.proof],
    }
