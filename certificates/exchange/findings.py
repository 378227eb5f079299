"""Whether a reply answers the question that was asked, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from certificates.exchange.model import Question, Reply
from certificates.model import CertificateStatus
from certificates.requests_model import CertificateAsk


def mismatch(question: Question, reply: Reply) -> str:
    """Return the part of the reply that was not asked for, or an empty text.

    A refusal must name the exchange; an answer also gives the type, the certificate, the fields and
    the forms that were asked for, of a certificate in force.
    """
    if reply.exchange != question.exchange or reply.region != question.home:
        return "exchange"
    answer, ask = reply.answer, question.ask
    if answer is None:
        return ""
    status, forms = answer.status, sorted(form for form in ask.formats if form != "data")
    wrong = {
        "type": status.type != ask.type,
        "certificate": ask.certificate is not None and status.certificate != ask.certificate,
        "status": status.status is not CertificateStatus.ISSUED,
        "fields": not _within(answer.fields, answer.rows, ask.fields, data="data" in ask.formats),
        "formats": sorted(item.format for item in reply.files) != forms,
    }
    return next((part for part, holds in wrong.items() if holds), "")


def foreign(ask: CertificateAsk, reply: Reply, face: Mapping[str, str]) -> str:
    """Return what a sealed copy shows of another certificate, or an empty text.

    ``face`` is the copy's own metadata, under the seal: identifier (ZZBS) and holders (CZZTDM).
    """
    if reply.answer and face.get("ZZBS", "") != reply.answer.status.identifier:
        return "identifier"
    holders = face.get("CZZTDM", "").split(",")
    return "holder" if ask.holder_code and ask.holder_code not in holders else ""


def _within(
    fields: Mapping[str, str],
    rows: Mapping[str, Sequence[Mapping[str, str]]],
    asked: tuple[str, ...],
    *,
    data: bool,
) -> bool:

    if not data:
        return not fields and not rows
    tables = set(asked) | {name.partition(".")[0] for name in asked if "." in name}
    columns = all(
        table in asked or f"{table}.{column}" in asked
        for table, items in rows.items()
        for row in items
        for column in row
    )
    return set(fields) <= set(asked) and set(rows) <= tables and columns
