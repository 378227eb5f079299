"""What is known of one certificate's revocation, from lists and from responders' answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from signing import crl, ocsp
from signing.ocsp_model import CertStatus
from signing.x509 import Cert


@dataclass(frozen=True, slots=True)
class Word:
    """What one source says: ``revoked_at`` None means good; ``held`` may come back."""

    source: Literal["crl", "ocsp"]
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    held: bool = False

    def ended_at(self, moment: datetime) -> bool:
        """Tell whether something newer was due; what names no end has always ended."""
        return self.next_update is None or self.next_update < moment


@dataclass(frozen=True, slots=True)
class Sources:
    """Revocation lists and OCSP answers (DER) at hand, and those ``given`` with the file."""

    crls: Sequence[bytes] = ()
    ocsps: Sequence[bytes] = ()
    given: Sequence[bytes] = ()


def word_on(cert: Cert, issuer: Cert, at: datetime, sources: Sources) -> Word | None:
    """Return what to believe of a certificate as of ``at``, or None where nothing is known.

    A revocation for ever outweighs all else; otherwise the newest word counts, or, where that is
    "good" but has ended, an older "good" that has not.
    """
    found = (_listed(cert, issuer, at, sources), _said(cert, issuer, at, sources))
    words = sorted((item for item in found if item), key=lambda item: item.this_update)
    if not words:
        return None
    for word in words:
        if word.revoked_at is not None and not word.held:
            return word
    oldest, newest = words[0], words[-1]
    lasting = oldest.revoked_at is None and not oldest.ended_at(at)
    return oldest if newest.revoked_at is None and newest.ended_at(at) and lasting else newest


def _listed(cert: Cert, issuer: Cert, at: datetime, sources: Sources) -> Word | None:
    found = crl.for_issuer(sources.crls, issuer, at, sources.given)
    if found is None:
        return None
    moment, held = found.revoked.get(cert.serial), cert.serial in found.held
    return Word("crl", found.this_update, found.next_update, moment, held)


def _said(cert: Cert, issuer: Cert, at: datetime, sources: Sources) -> Word | None:
    if not sources.ocsps and not sources.given:
        return None
    lists = (*sources.crls, *sources.given)
    found = ocsp.for_certificate(sources.ocsps, cert, issuer, at, given=sources.given, lists=lists)
    if found is None:
        return None
    moment = found.revoked_at if found.status is CertStatus.REVOKED else None
    return Word("ocsp", found.this_update, found.next_update, moment, ocsp.on_hold(found))
