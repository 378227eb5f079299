"""Check: was the signer's certificate revoked, judged from lists at hand."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from itertools import pairwise

from kernel.clock import to_iso
from signing.checks.case import Case, Raised
from signing.crl import Crl, for_issuer
from signing.model import RevocationList, SubIndication
from signing.x509 import Cert


def check(case: Case) -> Iterable[Raised]:
    """E_REVOKED before the signing time, W_REVOKED_LATER after, INDETERMINATE_REVOCATION unknown.

    A revocation before which nothing proves the signature is REVOKED_NO_POE (EN 319 102-1 clause
    5.6.2.4), because the signer could have set back the clock. A certificate on hold may come back:
    TRY_LATER (clause 5.2.6). A list that has ended tells of revocations, never that there is none,
    except at a time that a stamp proves and that lies before the list.
    """
    for cert, crl in _lists(case):
        yield from _one(case, cert, crl)


def lists_used(case: Case) -> tuple[RevocationList, ...]:
    """Return the lists that the verdict rests on, the signer's first, with their age."""
    return tuple(
        RevocationList(
            issuer=cert.issuer,
            this_update=to_iso(crl.this_update),
            next_update=to_iso(crl.next_update) if crl.next_update else "",
            age_seconds=int((case.at - crl.this_update).total_seconds()),
            ended=crl.ended_at(case.at),
        )
        for cert, crl in _lists(case)
        if crl
    )


def _lists(case: Case) -> Iterator[tuple[Cert, Crl | None]]:
    """Give each certificate of the chain, but the anchor, with the newest list of its issuer."""
    chain = case.chain or ()
    given = tuple(base64.b64decode(item) for item in case.evidence.revocation)
    for cert, issuer in pairwise(chain):
        yield cert, for_issuer(case.trust.crls, issuer, case.at, given)


def _one(case: Case, cert: Cert, crl: Crl | None) -> Iterable[Raised]:
    path = case.signature.path
    if crl is None:
        yield Raised("INDETERMINATE_REVOCATION", path, cert.common_name)
        return
    moment = crl.revoked.get(cert.serial)
    ended = crl.ended_at(case.at)
    if moment is None or (ended and cert.serial in crl.held):
        proven = case.proven_time
        if ended and (moment is not None or proven is None or crl.this_update < proven):
            end = to_iso(crl.next_update) if crl.next_update else "without an end"
            yield Raised("INDETERMINATE_REVOCATION", path, f"list ended {end}")
        return
    time, known = case.time, case.known_since
    if known is not None and moment > known and time is not None and moment > time:
        yield Raised("W_REVOKED_LATER", path, to_iso(moment))
    elif cert.serial in crl.held:
        yield Raised("E_REVOKED", path, f"on hold {to_iso(moment)}", SubIndication.TRY_LATER)
    elif time is None or moment <= time:
        yield Raised("E_REVOKED", path, to_iso(moment))
    else:
        signers = cert.der == (case.chain or (cert,))[0].der
        sub = SubIndication.REVOKED_NO_POE if signers else SubIndication.REVOKED_CA_NO_POE
        yield Raised("E_REVOKED", path, to_iso(moment), sub)
