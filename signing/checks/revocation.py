"""Check: was the signer's certificate revoked, judged from lists at hand."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from itertools import pairwise

from kernel.clock import to_iso
from signing.checks.case import Case, Raised
from signing.crl import Crl, for_issuer
from signing.model import SubIndication
from signing.x509 import Cert, chain_to


def check(case: Case) -> Iterable[Raised]:
    """E_REVOKED before the signing time, W_REVOKED_LATER after, INDETERMINATE_REVOCATION unknown.

    A revocation before which no time stamp proves the signature is REVOKED_NO_POE
    (EN 319 102-1 clause 5.6.2.4), because the signer could have set back the clock.
    """
    signer = case.signer
    chain = chain_to(signer, case.anchors, case.others) if signer and case.anchors else None
    if chain is None or len(chain) < 2:
        return
    lists = (*case.trust.crls, *(base64.b64decode(item) for item in case.evidence.revocation))
    for cert, issuer in pairwise(chain):
        yield from _one(case, cert, for_issuer(lists, issuer))


def _one(case: Case, cert: Cert, crl: Crl | None) -> Iterable[Raised]:
    path = case.signature.path
    if crl is None or crl.this_update > case.at:
        yield Raised("INDETERMINATE_REVOCATION", path, cert.common_name)
        return
    moment = crl.revoked.get(cert.serial)
    if moment is None:
        if crl.next_update is not None and crl.next_update < case.at:
            detail = f"list ended {to_iso(crl.next_update)}"
            yield Raised("INDETERMINATE_REVOCATION", path, detail)
        return
    time = case.time
    if time is None or moment <= time:
        yield Raised("E_REVOKED", path, to_iso(moment))
    elif case.proven_time is None:
        yield Raised("E_REVOKED", path, to_iso(moment), SubIndication.REVOKED_NO_POE)
    else:
        yield Raised("W_REVOKED_LATER", path, to_iso(moment))
