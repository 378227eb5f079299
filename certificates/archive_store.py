"""Statements on originals that are renewed: which there are, and what each of them was before."""

from __future__ import annotations

from sqlalchemy import func, insert, select, tuple_, update

from certificates.model import Format
from certificates.register_model import Step, StoredFile
from certificates.register_store import ORIGINAL
from certificates.store import CERTIFICATE, FILE
from kernel.ids import CertificateId
from kernel.ports import Digest, Tx
from storage.transactions import rows

FORMER = "former-"
"""Beginning of the roles of earlier originals: ``former-1`` is the one that was issued."""

Place = tuple[str, str]
"""Certificate and format: the order in which originals are walked through."""


def count(tx: Tx) -> int:
    """Return how many originals of issued certificates there are."""
    query = (
        select(func.count())
        .select_from(FILE.join(CERTIFICATE, CERTIFICATE.c.id == FILE.c.certificate_id))
        .where(FILE.c.role == ORIGINAL, CERTIFICATE.c.step == Step.ISSUED.value)
    )
    return int(rows(tx).execute(query).scalar_one())


def page(tx: Tx, after: Place, limit: int) -> list[tuple[CertificateId, StoredFile]]:
    """Return originals of issued certificates behind a place, in order."""
    query = (
        select(FILE)
        .join(CERTIFICATE, CERTIFICATE.c.id == FILE.c.certificate_id)
        .where(
            FILE.c.role == ORIGINAL,
            CERTIFICATE.c.step == Step.ISSUED.value,
            tuple_(FILE.c.certificate_id, FILE.c.format) > after,
        )
        .order_by(FILE.c.certificate_id, FILE.c.format)
        .limit(limit)
    )
    found: list[tuple[CertificateId, StoredFile]] = []
    for row in rows(tx).execute(query):
        file_format: Format = "pdf" if row.format == "pdf" else "ofd"
        item = StoredFile(file_format, Digest(row.digest), row.size)
        found.append((CertificateId(row.certificate_id), item))
    return found


def former(tx: Tx, certificate: CertificateId) -> frozenset[Digest]:
    """Return the digests of the earlier originals of a certificate."""
    query = select(FILE.c.digest).where(
        FILE.c.certificate_id == certificate, FILE.c.role.startswith(FORMER, autoescape=True)
    )
    return frozenset(Digest(row.digest) for row in rows(tx).execute(query))


def exchange(tx: Tx, certificate: CertificateId, old: StoredFile, new: StoredFile) -> bool:
    """Put ``new`` in the place of the original ``old``, which is kept; False where another was."""
    own = (FILE.c.certificate_id == certificate) & (FILE.c.format == old.format)
    connection = rows(tx)
    changed = connection.execute(
        update(FILE)
        .where(own, FILE.c.role == ORIGINAL, FILE.c.digest == old.digest)
        .values(digest=new.digest, size=new.size)
    )
    if changed.rowcount != 1:
        return False
    known = select(func.count()).where(own, FILE.c.role.startswith(FORMER, autoescape=True))
    number = int(connection.execute(known).scalar_one()) + 1
    connection.execute(
        insert(FILE),
        {
            "certificate_id": certificate,
            "format": old.format,
            "role": f"{FORMER}{number}",
            "digest": old.digest,
            "size": old.size,
        },
    )
    return True
