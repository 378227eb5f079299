"""Questions and replies as JSON bodies. Reading is strict; what does not fit is ValueError."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

from certificates.exchange.model import SCHEMA, Entry, File, Question, Reply
from certificates.matters_model import CopyFormat
from certificates.model import CertificateStatus
from certificates.register_model import StatusAnswer
from certificates.requests_model import CertificateAnswer, CertificateAsk
from kernel.clock import from_iso, to_iso
from kernel.errors import Refused
from kernel.ids import CertificateId, GrantId, RequestId

_FORMATS = get_args(CopyFormat)
_LONGEST = 200
_MOST = 100
_EXCHANGE = re.compile(r"xch-[0-9A-Z]{26}")
_LEAF = re.compile(r"[A-Za-z0-9+/]{43}=")
_CODE = re.compile(r"[a-z][a-z-]{1,60}")


def is_json(headers: Mapping[str, str]) -> None:
    """Raise ValueError where a message is not said to be JSON; its signature covers that."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ValueError("content-type")


def write_question(question: Question) -> bytes:
    """Return the body of a question."""
    ask = question.ask
    body = {
        "schema": SCHEMA,
        "exchange": question.exchange,
        "from": question.asker,
        "to": question.home,
        "requester": question.org,
        "entry": {"subject": question.entry.subject, "leaf": question.entry.leaf},
        "idempotency_key": ask.idempotency_key,
        "matter": ask.matter,
        "case_no": ask.case_no,
        "purpose": ask.purpose,
        "basis": ask.basis,
        "grant": ask.grant or "",
        "certificate": {"type": ask.type, "id": ask.certificate or ""},
        "holder": {"code_type": ask.holder_code_type, "code": ask.holder_code},
        "fields": list(ask.fields),
        "formats": list(ask.formats),
        "salt": question.salt,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def read_question(body: bytes) -> Question:
    """Read a question; raises ValueError."""
    try:
        raw = json.loads(body)
        if raw["schema"] != SCHEMA:
            raise ValueError("schema")
        holder, certificate, entry = raw["holder"], raw["certificate"], raw["entry"]
        ask = CertificateAsk(
            idempotency_key=_text(raw["idempotency_key"]),
            matter=_text(raw["matter"]),
            case_no=_text(raw["case_no"]),
            purpose=_text(raw["purpose"]),
            type=_text(certificate["type"]),
            basis=_text(raw["basis"]),
            fields=_texts(raw["fields"]),
            formats=tuple(_formats(raw["formats"])),
            grant=GrantId(_text(raw["grant"])) if raw["grant"] else None,
            holder_code=_text(holder["code"]),
            holder_code_type=_text(holder["code_type"]),
            certificate=CertificateId(_text(certificate["id"])) if certificate["id"] else None,
        )
        return Question(
            exchange=_like(_EXCHANGE, raw["exchange"]),
            asker=_text(raw["from"]),
            home=_text(raw["to"]),
            org=_text(raw["requester"]),
            entry=_entry(entry),
            ask=ask,
            salt=_text(raw["salt"]),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("question") from error


def write_reply(reply: Reply) -> bytes:
    """Return the body of a reply."""
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "exchange": reply.exchange,
        "region": reply.region,
        "entry": {"subject": reply.entry.subject, "leaf": reply.entry.leaf},
        "receipt": dict(reply.receipt),
        "salt": secrets.token_urlsafe(18),
    }
    if reply.refused:
        body["refused"] = {"code": reply.refused.code, "params": dict(reply.refused.params)}
    elif reply.answer:
        body["answer"] = _answer_out(reply.answer)
        body["files"] = [
            {
                "format": item.format,
                "usable_until": to_iso(item.usable_until),
                "data": base64.b64encode(item.data).decode(),
            }
            for item in reply.files
        ]
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def read_reply(body: bytes) -> Reply:
    """Read a reply; raises ValueError."""
    try:
        raw = json.loads(body)
        if raw["schema"] != SCHEMA or not isinstance(raw["receipt"], dict):
            raise ValueError("schema")
        refused = raw.get("refused")
        answer = raw.get("answer")
        if (refused is None) == (answer is None):
            raise ValueError("one of refused and answer")
        return Reply(
            exchange=_like(_EXCHANGE, raw["exchange"]),
            region=_text(raw["region"]),
            entry=_entry(raw["entry"]),
            receipt=raw["receipt"],
            refused=_refused(refused) if refused is not None else None,
            answer=_answer_in(answer) if answer is not None else None,
            files=tuple(_file(item) for item in raw.get("files", ())),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("reply") from error


def _answer_out(given: CertificateAnswer) -> dict[str, Any]:
    status = given.status
    return {
        "request": given.request,
        "certificate": status.certificate,
        "identifier": status.identifier,
        "type": status.type,
        "issuer": status.issuer,
        "status": status.status.value,
        "checked_at": to_iso(status.checked_at),
        "valid_from": status.valid_from.isoformat(),
        "valid_to": status.valid_to.isoformat() if status.valid_to else "",
        "fields": dict(given.fields),
        "rows": {name: [dict(row) for row in rows] for name, rows in given.rows.items()},
        "retention_days": given.retention_days,
        "retention": given.retention,
        "served_at": to_iso(given.served_at),
        "repeated": given.repeated,
    }


def _answer_in(raw: Mapping[str, Any]) -> CertificateAnswer:
    return CertificateAnswer(
        request=RequestId(_text(raw["request"])),
        status=StatusAnswer(
            certificate=CertificateId(_text(raw["certificate"])),
            identifier=_text(raw["identifier"]),
            type=_text(raw["type"]),
            issuer=_text(raw["issuer"]),
            status=CertificateStatus(raw["status"]),
            reason="",
            checked_at=from_iso(raw["checked_at"]),
            valid_from=date.fromisoformat(raw["valid_from"]),
            valid_to=date.fromisoformat(raw["valid_to"]) if raw["valid_to"] else None,
        ),
        fields=_map(raw["fields"]),
        rows={_text(name): tuple(_map(row) for row in rows) for name, rows in raw["rows"].items()},
        copies=(),
        retention_days=_days(raw["retention_days"]),
        retention=_text(raw["retention"], 2000),
        served_at=from_iso(raw["served_at"]),
        repeated=raw["repeated"] is True,
    )


def _refused(raw: Mapping[str, Any]) -> Refused:
    params = {_text(name): _text(value)[:80] for name, value in raw["params"].items()}
    if len(params) > 20:
        raise ValueError("params")
    return Refused(_like(_CODE, raw["code"]), params)


def _file(raw: Mapping[str, Any]) -> File:
    (form,) = _formats([raw["format"]])
    data = base64.b64decode(raw["data"], validate=True)
    return File(form, data, from_iso(raw["usable_until"]))


def _entry(raw: Mapping[str, Any]) -> Entry:
    return Entry(_text(raw["subject"]), _like(_LEAF, raw["leaf"]))


def _formats(raw: Any) -> list[CopyFormat]:
    if not isinstance(raw, list) or len(set(raw)) != len(raw) or not set(raw) <= set(_FORMATS):
        raise ValueError("formats")
    return raw


def _texts(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or len(raw) > _MOST:
        raise ValueError("list")
    return tuple(_text(item) for item in raw)


def _map(raw: Mapping[str, Any]) -> dict[str, str]:
    return {_text(name): _text(value, 20_000) for name, value in raw.items()}


def _days(raw: Any) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool) or not 0 <= raw <= 100_000:
        raise ValueError("days")
    return raw


def _text(raw: Any, longest: int = _LONGEST) -> str:
    if not isinstance(raw, str) or len(raw) > longest:
        raise ValueError("text")
    raw.encode("utf-8")  # a lone surrogate is no text
    return raw


def _like(pattern: re.Pattern[str], raw: Any) -> str:
    if not pattern.fullmatch(_text(raw)):
        raise ValueError("form")
    return str(raw)
