"""Check: do the certificates lead to someone we trust? Nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.clock import to_iso
from signing.checks.case import Case, Raised
from signing.model import SubIndication
from signing.x509 import Cert, chain_to


def check(case: Case) -> Iterable[Raised]:
    """INDETERMINATE_CHAIN for the signer, E_SEALMAKER_UNTRUSTED for the maker of the seal.

    INDETERMINATE_TRUST_CUT for either where its region is trusted no more, with the time.
    """
    signer, maker = case.signer, case.maker
    path = case.signature.path
    if signer is not None:
        yield from _signer(case, signer)
    if maker is None:
        return
    vouched = case.path(maker) is not None
    if not vouched and (cut := _cut(case, maker)):
        yield Raised("INDETERMINATE_TRUST_CUT", path, cut)
        return
    makers = {item.der for item in case.trust.seal_makers}
    if not case.anchors:
        yield Raised("INDETERMINATE_CHAIN", path, "no trust anchor for the seal maker")
    elif (makers and maker.der not in makers) or not vouched:
        yield Raised("E_SEALMAKER_UNTRUSTED", path, maker.common_name)


def _signer(case: Case, signer: Cert) -> Iterable[Raised]:
    path = case.signature.path
    chain = case.chain
    if chain is None and (cut := _cut(case, signer)):
        yield Raised("INDETERMINATE_TRUST_CUT", path, cut)
        return
    if not case.anchors:
        yield Raised("INDETERMINATE_CHAIN", path, "no trust anchors are configured")
        return
    if chain is None:
        yield Raised("INDETERMINATE_CHAIN", path, signer.issuer)
        return
    moment = case.time or case.at
    for cert in chain[1:]:
        if not cert.valid_at(moment):
            detail = f"{cert.common_name}: {to_iso(cert.not_before)}/{to_iso(cert.not_after)}"
            sub = SubIndication.OUT_OF_BOUNDS_NO_POE
            yield Raised("INDETERMINATE_CHAIN", path, detail, sub)


def _cut(case: Case, cert: Cert) -> str:
    """Return which region that is cut off vouched for a certificate, and since when; or nothing."""
    for item in case.trust.cut:
        if chain_to(cert, item.anchors, (*case.others, *item.cas)) and item.cut is not None:
            return f"{item.name} {item.region}, {to_iso(item.cut)}"
    return ""
