"""The regional CA: root → issuing CA → seal maker, time-stamp authority, signers of seals.

Two families side by side: SM2 with SM3 for seals after GB/T 38540, P-256 for PAdES. Keys live at
the signer and nowhere else; certificates are public and stand in the room's own table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kernel.actors import Actor, authorise
from kernel.clock import Clock
from kernel.errors import Refused, TongbanError
from kernel.ports import Event, Recorded, Transactions, Tx
from signing import store
from signing.ports import KeyInfo, Purpose, Signer, SignRequest
from signing.seal_model import IssuedCertificate, Region, Role
from signing.trust import TrustList
from signing.trust_file import ListSigner, message, write
from signing.x509 import (
    ISSUING_CA,
    OCSP_RESPONDER,
    ROOT,
    SIGNER,
    TIME_STAMP_AUTHORITY,
    TRUST_LIST_SIGNER,
    Cert,
    Name,
    Profile,
    build,
    build_crl,
    is_issued_by,
    parse,
)
from signing.x509.write import serial

FAMILIES = {"sm2_sm3": "sm2", "ecdsa_p256": "p256"}
"""Algorithm to the ending of key names."""
LOG_KEY = "log.ed25519"
PEER_KEY = "peer.p256"
ACTION = "signing.authority"

_ISSUING = (Purpose.ISSUE_CERTIFICATE, Purpose.ISSUE_CRL)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Profile of a role's certificate, purposes of its key, its issuer, its title."""

    profile: Profile
    purposes: tuple[Purpose, ...]
    issuer: Role
    title: str

    @property
    def asked_about(self) -> bool:
        """Tell whether the responder speaks of it: the CA certified it, not exempt from checks."""
        return self.issuer is Role.CA and not self.profile.no_check


@dataclass(frozen=True, slots=True)
class _Wish:
    """A certificate to be made: for which key, in whose name."""

    role: Role
    algorithm: str
    key: str
    name: Name
    org: str = ""


_PLAN = {
    Role.ROOT: _Plan(ROOT, _ISSUING, Role.ROOT, "根证书"),
    Role.CA: _Plan(ISSUING_CA, _ISSUING, Role.ROOT, "电子证照签发证书"),
    Role.SEAL_MAKER: _Plan(SIGNER, (Purpose.MAKE_SEAL,), Role.CA, "制章机构"),
    Role.TIME_STAMP: _Plan(TIME_STAMP_AUTHORITY, (Purpose.TIME_STAMP,), Role.CA, "时间戳服务"),
    Role.TRUST_LIST: _Plan(TRUST_LIST_SIGNER, (Purpose.TRUST_LIST,), Role.ROOT, "信任列表签发"),
    Role.OCSP: _Plan(OCSP_RESPONDER, (Purpose.OCSP,), Role.CA, "证书状态服务"),
    Role.SEAL: _Plan(SIGNER, (Purpose.SEAL_OFD, Purpose.SEAL_PDF), Role.CA, ""),
}
ESTABLISHED = (Role.ROOT, Role.CA, Role.SEAL_MAKER, Role.TIME_STAMP)
"""Roles whose certificates ``establish`` makes."""
_GAIN = timedelta(days=30)
"""How much longer a successor must last to be worth a key."""
_BACKDATED = timedelta(hours=1)
"""Certificates start a little earlier, for verifiers whose clocks are behind."""
_RENEWED_BEFORE = timedelta(days=60)
"""A responder's certificate is made anew so long before it ends."""


class RegionalCA:
    """Gives out certificates for one region."""

    def __init__(
        self, *, region: Region, signer: Signer, transactions: Transactions, clock: Clock
    ) -> None:
        """Join the ports; nothing happens yet."""
        self.region = region
        self._signer = signer
        self._transactions = transactions
        self._clock = clock

    def establish(self, actor: Actor) -> tuple[IssuedCertificate, ...] | Refused:
        """Make keys and certificates of root, CA, seal maker and time-stamp authority, once.

        Also makes the keys of the log and of messages to peers. Doing it again changes nothing and
        finishes what a crash left undone.
        """
        allowed = authorise(actor, ACTION)
        if isinstance(allowed, Refused):
            return allowed
        self._signer.create(LOG_KEY, "ed25519", (Purpose.LOG_CHECKPOINT,))
        self._signer.create(PEER_KEY, "ecdsa_p256", (Purpose.PEER_MESSAGE,))
        return tuple(
            self._certify(
                actor, _Wish(role, algorithm, key_name(role.value, algorithm), self.region_name)
            )
            for algorithm in FAMILIES
            for role in ESTABLISHED
        )

    @property
    def region_name(self) -> Name:
        """Name of the region itself; roles add their titles."""
        return Name(self.region.name, self.region.name, locality=self.region.code)

    def certify(
        self, actor: Actor, *, subject: str, algorithm: str, org: str, org_name: str
    ) -> tuple[IssuedCertificate, tuple[Cert, ...]] | Refused:
        """Return the certificate of the signer key for ``subject``, and its issuers without root.

        ``subject`` is the id of a seal. The key is made on first use; asking again returns the
        same certificate until it is revoked.
        """
        allowed = authorise(actor, ACTION)
        if isinstance(allowed, Refused):
            return allowed
        name = Name(org_name, org_name, organization_id=org)
        key = key_name(subject, algorithm)
        issued = self._certify(actor, _Wish(Role.SEAL, algorithm, key, name, org))
        return issued, (self.current(Role.CA, algorithm).cert,)

    def current(self, role: Role, algorithm: str) -> IssuedCertificate:
        """Return the certificate of a role; raises TongbanError ``authority-not-established``."""
        found = role_certificate(self._transactions, role, algorithm)
        if found is None:
            raise TongbanError("authority-not-established", role=role.value)
        return found

    def succeed(self, actor: Actor, algorithm: str, until: datetime) -> IssuedCertificate | Refused:
        """Return a time-stamp certificate that lasts beyond ``until``, made with a key of its own
        where the present one does not; the old one keeps what it has stamped.

        None is made that would last hardly longer than the present one, as near the end of the
        issuing CA or just after another.
        """
        allowed = authorise(actor, ACTION)
        if isinstance(allowed, Refused):
            return allowed
        held = self.current(Role.TIME_STAMP, algorithm)
        end = self._clock.now() + timedelta(days=365 * self.region.years[Role.TIME_STAMP])
        end = min(end, self.current(Role.CA, algorithm).cert.not_after)
        if held.cert.not_after > until or end - held.cert.not_after < _GAIN:
            return held
        number = 2 + _successors(self._transactions, algorithm)
        key = key_name(f"{Role.TIME_STAMP.value}-{number}", algorithm)
        return self._certify(actor, _Wish(Role.TIME_STAMP, algorithm, key, self.region_name))

    def responder(self, actor: Actor, algorithm: str) -> IssuedCertificate | Refused:
        """Return the certificate under which the issuing CA's answers are signed (RFC 6960).

        The key is made on first use; a certificate about to end is followed by another of the same
        key. Raises TongbanError ``authority-not-established`` and of the signer.
        """
        allowed = authorise(actor, ACTION)
        if isinstance(allowed, Refused):
            return allowed
        key = key_name(Role.OCSP.value, algorithm)
        return self._certify(actor, _Wish(Role.OCSP, algorithm, key, self.region_name))

    def trust_list(self, version: int, days: int = 365) -> TrustList:
        """Return what others need to trust this region, in force from now."""
        now = self._clock.now().replace(microsecond=0) - _BACKDATED
        anchors, cas, makers = (
            tuple(self.current(role, algorithm).cert for algorithm in FAMILIES)
            for role in (Role.ROOT, Role.CA, Role.SEAL_MAKER)
        )
        return TrustList(
            region=self.region.code,
            name=f"{self.region.name}{self.region.mark}",
            version=version,
            issued=now,
            expires=now + timedelta(days=days),
            anchors=anchors,
            cas=cas,
            seal_makers=makers,
            demo=self.region.demo,
        )

    def signed_trust_list(
        self, actor: Actor, version: int, days: int = 365
    ) -> tuple[TrustList, bytes] | Refused:
        """Return the region's list under a number, and the file of it for others.

        It is signed in both families by keys that the roots certify for this alone; they are made
        on first use.
        """
        allowed = authorise(actor, ACTION)
        if isinstance(allowed, Refused):
            return allowed
        listed = self.trust_list(version, days)
        content = hashlib.sha256(message(listed)).hexdigest()
        signers = []
        for algorithm in FAMILIES:
            key = key_name(Role.TRUST_LIST.value, algorithm)
            issued = self._certify(actor, _Wish(Role.TRUST_LIST, algorithm, key, self.region_name))
            sign = self._with(key, Purpose.TRUST_LIST, f"{key}.{version}.{content[:16]}")
            signers.append(ListSigner(issued.cert, algorithm, sign))
        return listed, write(listed, signers)

    def revoked(self, algorithm: str, role: Role = Role.CA) -> tuple[IssuedCertificate, ...]:
        """Return what the list of a role has to say: certificates revoked or on hold."""
        return listed_by(self._transactions, self.current(role, algorithm))

    def crl(
        self, algorithm: str, hours: int = 24, *, role: Role = Role.CA, after: int = 0
    ) -> bytes:
        """Return a fresh revocation list of the issuing CA, or of the root (DER).

        Its number is the time in seconds, but more than ``after``, the number of the list before.
        """
        now = self._clock.now().replace(microsecond=0)
        issuer = self.current(role, algorithm)
        listed = self.revoked(algorithm, role)
        entries = [(item.cert.serial, item.revoked_at) for item in listed if item.revoked_at]
        held = frozenset(item.cert.serial for item in listed if item.on_hold)
        number = max(int(now.timestamp()), after + 1)
        # The signer keeps one digest per number; the content is part of it, because two processes
        # may list different states within one second.
        content = hashlib.sha256(repr((now, hours, sorted(entries), sorted(held))).encode())
        name = f"crl.{issuer.key}.{number}.{content.hexdigest()[:16]}"
        return build_crl(
            issuer_raw=issuer.cert.subject_raw,
            issuer_spki=issuer.cert.spki,
            revoked=entries,
            number=number,
            this_update=now,
            next_update=now + timedelta(hours=hours),
            algorithm=algorithm,
            sign=self._with(issuer.key, Purpose.ISSUE_CRL, name),
            held=held,
        )

    def _certify(self, actor: Actor, wish: _Wish) -> IssuedCertificate:
        held = self._find(wish.key)
        if held and not self._ending(held):
            return held
        plan = _PLAN[wish.role]
        info = self._signer.create(wish.key, wish.algorithm, plan.purposes)
        root = wish.role is Role.ROOT
        issuer = None if root else self.current(plan.issuer, wish.algorithm)
        cert = parse(self._build(info, wish, issuer))
        if not is_issued_by(cert, cert if issuer is None else issuer.cert):
            raise TongbanError("signature-failed", algorithm=wish.algorithm)
        issued = IssuedCertificate(
            cert, wish.role, wish.algorithm, wish.key, wish.org, self._clock.now()
        )
        return self._keep(actor, issued).value

    def _build(self, info: KeyInfo, wish: _Wish, issuer: IssuedCertificate | None) -> bytes:
        plan, name = _PLAN[wish.role], wish.name
        start = self._clock.now().replace(microsecond=0) - _BACKDATED
        end = start + timedelta(days=365 * self.region.years[wish.role])
        number = serial()
        signing_key = issuer.key if issuer else info.name
        return build(
            subject=replace(name, common_name=f"{name.common_name}{plan.title}{self.region.mark}"),
            issuer_raw=issuer.cert.subject_raw if issuer else None,
            spki=info.spki,
            issuer_spki=issuer.cert.spki if issuer else info.spki,
            profile=plan.profile,
            not_before=start,
            not_after=min(end, issuer.cert.not_after) if issuer else end,
            algorithm=info.algorithm,
            sign=self._with(signing_key, Purpose.ISSUE_CERTIFICATE, f"x509.{number:x}"),
            number=number,
            ocsp=self.region.ocsp if plan.asked_about else "",
        )

    def _keep(self, actor: Actor, issued: IssuedCertificate) -> Recorded[IssuedCertificate]:
        def work(tx: Tx) -> IssuedCertificate:
            first = _valid(store.certificates(tx, key=issued.key))
            if first and not self._ending(first):
                tx.record(Event("signing.certificate-kept", f"{first.cert.serial:x}", actor))
                return first
            store.add_certificate(tx, issued)
            data = {"role": issued.role.value, "key": issued.key, "org": issued.org}
            subject = f"{issued.cert.serial:x}"
            tx.record(Event("signing.certificate-issued", subject, actor, {**data}))
            return issued

        return self._transactions.write(work)

    def _ending(self, held: IssuedCertificate) -> bool:
        """Tell whether a responder's certificate is to be followed by another."""
        soon = self._clock.now() + _RENEWED_BEFORE
        return held.role is Role.OCSP and held.cert.not_after < soon

    def _find(self, key: str) -> IssuedCertificate | None:
        return _held(self._transactions, key)

    def _with(self, key: str, purpose: Purpose, number: str) -> Callable[[bytes], bytes]:
        return sign_with(self._signer, key, purpose, number)


def sign_with(
    signer: Signer, key: str, purpose: str, number: str, *, seal: str = "", approval: str = ""
) -> Callable[[bytes], bytes]:
    """Return a function that has one digest signed; a refusal raises TongbanError of its code."""

    def sign(digest: bytes) -> bytes:
        answer = signer.sign(SignRequest(key, digest, purpose, number, seal, approval))
        if isinstance(answer, Refused):
            raise TongbanError(answer.code, **answer.params)
        return answer.signature

    return sign


def key_name(subject: str, algorithm: str) -> str:
    """Return the name of a key: subject in lower case and the family's ending."""
    return f"{subject.lower()}.{FAMILIES.get(algorithm, algorithm.replace('_', '-'))}"


def role_certificate(
    transactions: Transactions, role: Role, algorithm: str
) -> IssuedCertificate | None:
    """Return the certificate of a role of this region's authority, without asking the signer."""
    number = _successors(transactions, algorithm) if role is Role.TIME_STAMP else 0
    name = f"{role.value}-{number + 1}" if number else role.value
    return _held(transactions, key_name(name, algorithm))


def _successors(transactions: Transactions, algorithm: str) -> int:
    """Return how many certificates have followed the first one of the time-stamp authority."""
    found = 0
    while _held(transactions, key_name(f"{Role.TIME_STAMP.value}-{found + 2}", algorithm)):
        found += 1
    return found


def listed_by(
    transactions: Transactions, issuer: IssuedCertificate
) -> tuple[IssuedCertificate, ...]:
    """Return the certificates of an issuer that are revoked or on hold."""
    found = transactions.read(lambda tx: store.certificates(tx, listed=True))
    return tuple(item for item in found if is_issued_by(item.cert, issuer.cert))


def _held(transactions: Transactions, key: str) -> IssuedCertificate | None:
    return _valid(transactions.read(lambda tx: store.certificates(tx, key=key)))


def _valid(found: tuple[IssuedCertificate, ...]) -> IssuedCertificate | None:
    return next((item for item in reversed(found) if item.revoked_at is None), None)
