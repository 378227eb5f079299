"""Check: do the certificates lead to someone we trust? Nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.clock import to_iso
from signing.checks.case import Case, Raised
from signing.model import SubIndication
from signing.x509 import Cert, chain_to


def check(case: Case) -> Iterable[Raised]:
    """INDETERMINATE_CHAIN for the signer, E_SEALMAKER_UNTRUSTED for the maker of the seal."""
    signer, maker = case.signer, case.maker
    path = case.signature.path
    if signer is not None:
        yield from _signer(case, signer)
    if maker is None:
        return
    makers = {item.der for item in case.trust.seal_makers}
    if not case.anchors:
        yield Raised("INDETERMINATE_CHAIN", path, "no trust anchor for the seal maker")
    elif (makers and maker.der not in makers) or not chain_to(maker, case.anchors, case.others):
        yield Raised("E_SEALMAKER_UNTRUSTED", path, maker.common_name)


def _signer(case: Case, signer: Cert) -> Iterable[Raised]:
    path = case.signature.path
    if not case.anchors:
        yield Raised("INDETERMINATE_CHAIN", path, "no trust anchors are configured")
        return
    chain = case.chain
    if chain is None:
        yield Raised("INDETERMINATE_CHAIN", path, signer.issuer)
        return
    moment = case.time or case.at
    for cert in chain[1:]:
        if not cert.valid_at(moment):
            detail = f"{cert.common_name}: {to_iso(cert.not_before)}/{to_iso(cert.not_after)}"
            sub = SubIndication.OUT_OF_BOUNDS_NO_POE
            yield Raised("INDETERMINATE_CHAIN", path, detail, sub)
