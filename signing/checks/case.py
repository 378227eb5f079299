"""What a check sees: one signature of one file, the trust, and the moment of judging."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from kernel.clock import from_iso
from kernel.errors import TongbanError
from signing import x509
from signing.checks.permitted import Rows, chain_refusals, refusals
from signing.model import Evidence, SignatureEvidence, SubIndication, TimestampEvidence
from signing.revocation_status import Sources, word_on
from signing.trust import TrustList, TrustStore
from signing.x509 import Cert, chain_to
from signing.x509.model import TIME_STAMPING

CLOCK_SKEW = timedelta(minutes=10)
"""How far a signer's clock may run ahead of ours before its time counts as future."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A check has something to say. ``sub`` replaces the code's usual sub-indication."""

    code: str
    path: str = ""
    detail: str = ""
    sub: SubIndication | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe at one moment: anchors end a chain, CAs may help to build one.

    ``seal_makers`` empty means that any maker with a chain is believed. ``crls`` are revocation
    lists and ``ocsps`` responders' answers at hand (DER); nothing is ever fetched.
    """

    anchors: tuple[Cert, ...] = ()
    cas: tuple[Cert, ...] = ()
    seal_makers: tuple[Cert, ...] = ()
    crls: tuple[bytes, ...] = ()
    cut: tuple[TrustList, ...] = ()
    """Lists of regions that are trusted no more; they end no chain and explain why."""
    ocsps: tuple[bytes, ...] = ()

    @classmethod
    def at(
        cls,
        store: TrustStore,
        moment: datetime,
        crls: tuple[bytes, ...] = (),
        ocsps: tuple[bytes, ...] = (),
    ) -> Trust:
        """Take what a hub's lists in force at ``moment`` say."""
        makers, cut = store.seal_makers(moment), store.cut_at(moment)
        return cls(store.anchors(moment), store.cas(moment), makers, crls, cut, ocsps)


@lru_cache(maxsize=512)
def parsed(der: bytes) -> Cert | None:
    """Parse a certificate; None when it cannot be read (the inspector has noted that)."""
    try:
        return x509.parse(der)
    except TongbanError:
        return None


@dataclass(frozen=True, slots=True)
class Case:
    """One signature before the judge. Derived values are computed from evidence alone."""

    evidence: Evidence
    signature: SignatureEvidence
    trust: Trust
    at: datetime
    permitted: Rows | None = None
    """The policy's rows of digests by kind of key; None: the policy is not asked."""
    recorded: datetime | None = None
    """Since when a register that the caller trusts has held exactly these bytes."""
    _paths: dict[bytes, tuple[Cert, ...] | None] = field(
        default_factory=dict, compare=False, repr=False
    )

    def certificate(self, name: str) -> Cert | None:
        """Return a certificate of the evidence by its SHA-256."""
        encoded = self.evidence.certificates.get(name)
        return parsed(base64.b64decode(encoded)) if encoded else None

    @property
    def signer(self) -> Cert | None:
        """The signer's certificate."""
        return self.certificate(self.signature.signer)

    @property
    def maker(self) -> Cert | None:
        """The seal maker's certificate."""
        return self.certificate(self.signature.seal.maker) if self.signature.seal else None

    @property
    def others(self) -> tuple[Cert, ...]:
        """Certificates that may stand between the signer and an anchor."""
        found = (self.certificate(name) for name in self.evidence.certificates)
        return (*(cert for cert in found if cert), *self.trust.cas)

    @property
    def anchors(self) -> tuple[Cert, ...]:
        """Trust anchors."""
        return self.trust.anchors

    @property
    def chain(self) -> tuple[Cert, ...] | None:
        """The signer's certificate, its CAs and an anchor; None where there is no such path."""
        return self.path(self.signer) if self.signer else None

    def path(self, cert: Cert) -> tuple[Cert, ...] | None:
        """Return a certificate, its CAs and an anchor; None where there is no such path."""
        # A verdict asks for the same few paths again and again.
        if self.anchors and cert.der not in self._paths:
            self._paths[cert.der] = chain_to(cert, self.anchors, self.others)
        return self._paths.get(cert.der)

    @property
    def proven_time(self) -> datetime | None:
        """The earliest time that a sound time stamp of a trusted authority proves, else None."""
        times = [from_iso(stamp.time) for stamp in self.signature.timestamps if self.proves(stamp)]
        return min(times, default=None)

    def proves(self, stamp: TimestampEvidence) -> bool:
        """Tell whether a stamp proves its time: sound, permitted by the policy, and vouched for."""
        sound = bool(stamp.imprint_valid and stamp.signature_valid and stamp.time)
        return sound and not self.weakness(stamp) and self.vouched(stamp)

    def weakness(self, stamp: TimestampEvidence) -> str:
        """Return what the policy's rows have against a stamp, empty for nothing.

        Asked are the digests of its imprint and of its own signature, its authority's key, and the
        certificates above that. Whoever breaks one of them can make a stamp of any time.
        """
        cert = self.certificate(stamp.signer)
        if cert is None or self.permitted is None:
            return ""
        digests = (stamp.imprint_algorithm, stamp.digest_algorithm)
        found = [
            *refusals(cert, digests, self.permitted),
            *chain_refusals(self.path(cert) or (), self.permitted),
        ]
        return "; ".join(dict.fromkeys(item.detail for item in found))

    @property
    def known_since(self) -> datetime | None:
        """The earliest proof of existence: a time stamp, or the register's record of the file."""
        proofs = (self.proven_time, self.recorded)
        return min((proof for proof in proofs if proof), default=None)

    def vouched(self, stamp: TimestampEvidence) -> bool:
        """Tell whether a stamp's authority has a chain to an anchor and may stamp time.

        Its certificates must have been valid at the time it says, and must not be revoked: whoever
        holds a stolen key can say any time. Without anchors nobody is trusted and no verdict
        passes; the stamp is then taken as it is, so that dates can be judged at all.
        """
        cert = self.certificate(stamp.signer)
        if cert is None or TIME_STAMPING not in cert.extended_key_usage or not stamp.time:
            return False
        if not self.anchors:
            return True
        chain, moment = self.path(cert), from_iso(stamp.time)
        return chain is not None and not (
            any(not item.valid_at(moment) for item in chain) or self._revoked(chain)
        )

    def _revoked(self, chain: tuple[Cert, ...]) -> bool:
        """Tell whether a list or an answer at hand names any certificate of a chain."""
        words = (word_on(*pair, self.at, self.sources) for pair in pairwise(chain))
        return any(word is not None and word.revoked_at is not None for word in words)

    @property
    def sources(self) -> Sources:
        """Whatever is at hand on revocations: the hub's own and what the file brings."""
        given = tuple(base64.b64decode(item) for item in self.evidence.revocation)
        return Sources(self.trust.crls, self.trust.ocsps, given)

    @property
    def time(self) -> datetime | None:
        """The proven signing time, else the claimed one, else None."""
        claimed = from_iso(self.signature.time) if self.signature.time else None
        return self.proven_time or claimed
