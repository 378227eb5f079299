"""Check: was the signer's certificate revoked, judged from lists and answers at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from kernel.clock import to_iso
from signing.checks.case import Case, Raised
from signing.model import RevocationList, SubIndication
from signing.revocation_status import Word, word_on
from signing.x509 import Cert

_NAMES = {"crl": "list", "ocsp": "answer"}


def check(case: Case) -> Iterable[Raised]:
    """E_REVOKED before the signing time, W_REVOKED_LATER after, INDETERMINATE_REVOCATION unknown.

    A revocation before which nothing proves the signature is REVOKED_NO_POE (EN 319 102-1 clause
    5.6.2.4), because the signer could have set back the clock. A certificate on hold may come back:
    TRY_LATER (clause 5.2.6). A list or answer that has ended tells of revocations, never that there
    is none, except at a time that a stamp proves and that lies before it.
    """
    for cert, word in _words(case):
        yield from _one(case, cert, word)


def lists_used(case: Case) -> tuple[RevocationList, ...]:
    """Return what the verdict rests on, the signer's first, with its age."""
    return tuple(
        RevocationList(
            issuer=cert.issuer,
            this_update=to_iso(word.this_update),
            next_update=to_iso(word.next_update) if word.next_update else "",
            age_seconds=int((case.at - word.this_update).total_seconds()),
            ended=word.ended_at(case.at),
            source=word.source,
        )
        for cert, word in _words(case)
        if word
    )


def _words(case: Case) -> Iterator[tuple[Cert, Word | None]]:
    """Give each certificate of the chain, but the anchor, with what is known of it."""
    sources = case.sources
    for cert, issuer in pairwise(case.chain or ()):
        yield cert, word_on(cert, issuer, case.at, sources)


def _one(case: Case, cert: Cert, word: Word | None) -> Iterable[Raised]:
    path = case.signature.path
    if word is None:
        yield Raised("INDETERMINATE_REVOCATION", path, cert.common_name)
        return
    moment = word.revoked_at
    ended = word.ended_at(case.at)
    if moment is None or (ended and word.held):
        proven = case.proven_time
        if ended and (moment is not None or proven is None or word.this_update < proven):
            end = to_iso(word.next_update) if word.next_update else "without an end"
            yield Raised("INDETERMINATE_REVOCATION", path, f"{_NAMES[word.source]} ended {end}")
        return
    time, known = case.time, case.known_since
    if known is not None and moment > known and time is not None and moment > time:
        yield Raised("W_REVOKED_LATER", path, to_iso(moment))
    elif word.held:
        yield Raised("E_REVOKED", path, f"on hold {to_iso(moment)}", SubIndication.TRY_LATER)
    elif time is None or moment <= time:
        yield Raised("E_REVOKED", path, to_iso(moment))
    else:
        signers = cert.der == (case.chain or (cert,))[0].der
        sub = SubIndication.REVOKED_NO_POE if signers else SubIndication.REVOKED_CA_NO_POE
        yield Raised("E_REVOKED", path, to_iso(moment), sub)
