"""The regional CA's responder (RFC 6960): which certificates of the issuing CA are good now.

Answers are signed at the signer by a responder to which the CA delegated that, one for each family
of algorithms. Certificates of the root are not its business: its list tells of them.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from kernel.actors import Actor, system
from kernel.clock import Clock
from kernel.errors import Refused, TongbanError
from kernel.ports import Transactions
from signing import crl, store
from signing.authority import ACTION, FAMILIES, role_certificate, sign_with
from signing.ocsp_model import CertId, CertStatus, ResponseStatus, Single, StatusRequest
from signing.ocsp_wire import answer, failed, read_request, request
from signing.ports import Purpose, Signer
from signing.seal_model import IssuedCertificate, Role
from signing.ses.der import DerError
from signing.x509 import Cert, is_issued_by

VALID: Final = timedelta(hours=4)
"""How long an answer may be used; one without a nonce is given again until half of it."""
SIGNED_PER_MINUTE: Final = 300
"""Answers signed in a minute at most: each costs a signature and a line in the signer's book."""
_KEPT: Final = 1024
_MINUTE: Final = timedelta(minutes=1)
_Said = tuple[tuple[bytes, CertStatus, datetime | None, int], ...]


class Authority(Protocol):
    """The narrowest view of a regional CA."""

    def responder(self, actor: Actor, algorithm: str) -> IssuedCertificate | Refused:
        """Return the certificate under which answers are signed."""


class Responder:
    """Answers requests; safe to share between threads."""

    def __init__(
        self,
        *,
        signer: Callable[[], Signer],
        authority: Callable[[], Authority],
        transactions: Transactions,
        clock: Clock,
        per_minute: int = SIGNED_PER_MINUTE,
    ) -> None:
        """Join the ports; signer and authority are only asked for when there is work for them."""
        self._signer = signer
        self._authority = authority
        self._transactions = transactions
        self._clock = clock
        self._per_minute = per_minute
        self._self = system("ocsp-responder", rights=(ACTION,))
        self._lock = threading.Lock()
        self._given: OrderedDict[tuple[bytes, ...], tuple[_Said, datetime, bytes]] = OrderedDict()
        self._minute: tuple[datetime, int] = (clock.now(), 0)

    def answer(self, data: bytes) -> bytes:
        """Return DER OCSPResponse for DER OCSPRequest; never raises on a bad request.

        ``unauthorized`` for certificates of other issuers and before the authority is established,
        ``tryLater`` where the signer does not answer or too much was asked within a minute.
        """
        try:
            asked = read_request(data)
        except (DerError, IndexError, ValueError, OverflowError):
            return failed(ResponseStatus.MALFORMED_REQUEST)
        try:
            return self._answer(asked)
        except TongbanError:
            return failed(ResponseStatus.TRY_LATER)

    def fresh(self, cert: Cert) -> bytes | None:
        """Return an answer of this moment on a certificate of the issuing CA, None on another's.

        For files of the region itself: what strangers ask within a minute does not hold it up.
        Raises TongbanError where the signer does not answer.
        """
        for algorithm in FAMILIES:
            issuer = role_certificate(self._transactions, Role.CA, algorithm)
            if issuer and is_issued_by(cert, issuer.cert):
                asked = read_request(request(cert, issuer.cert))
                now = self._clock.now().replace(microsecond=0)
                singles = tuple(self._single(item, issuer, now) for item in asked.cert_ids)
                return self._signed(asked, algorithm, singles, now)
        return None

    def _answer(self, asked: StatusRequest) -> bytes:
        found = self._family(asked)
        if found is None:
            return failed(ResponseStatus.UNAUTHORIZED)
        algorithm, issuer = found
        now = self._clock.now().replace(microsecond=0)
        singles = tuple(self._single(item, issuer, now) for item in asked.cert_ids)
        key = tuple(item.raw for item in asked.cert_ids)
        said = tuple((i.cert_id.raw, i.status, i.revoked_at, i.reason) for i in singles)
        with self._lock:
            before = self._given.get(key)
            if not asked.nonce and before and before[0] == said and now - before[1] < VALID / 2:
                return before[2]
            if not self._may_sign(now):
                return failed(ResponseStatus.TRY_LATER)
        made = self._signed(asked, algorithm, singles, now)
        if not asked.nonce:
            with self._lock:
                self._given[key] = (said, now, made)
                while len(self._given) > _KEPT:
                    self._given.popitem(last=False)
        return made

    def _family(self, asked: StatusRequest) -> tuple[str, IssuedCertificate] | None:
        """Return the family whose issuing CA every certificate asked for names as its issuer."""
        for algorithm in FAMILIES:
            issuer = role_certificate(self._transactions, Role.CA, algorithm)
            if issuer and all(item.names(issuer.cert) for item in asked.cert_ids):
                return algorithm, issuer
        return None

    def _single(self, asked: CertId, issuer: IssuedCertificate, now: datetime) -> Single:
        held = self._transactions.read(lambda tx: store.certificate_by_serial(tx, asked.serial))
        after = now + VALID
        if held is None or not is_issued_by(held.cert, issuer.cert):
            return Single(asked, CertStatus.UNKNOWN, now, after)
        if held.revoked_at is None:
            return Single(asked, CertStatus.GOOD, now, after)
        reason = crl.ON_HOLD if held.on_hold else 0
        moment = held.revoked_at.replace(microsecond=0)
        return Single(asked, CertStatus.REVOKED, now, after, moment, reason)

    def _signed(
        self, asked: StatusRequest, algorithm: str, singles: tuple[Single, ...], now: datetime
    ) -> bytes:
        own = self._authority().responder(self._self, algorithm)
        if isinstance(own, Refused):
            raise TongbanError(own.code, **own.params)

        def sign(tbs: bytes) -> Callable[[bytes], bytes]:
            # The signer keeps one digest per number: the content names the answer.
            number = f"ocsp.{own.key}.{hashlib.sha256(tbs).hexdigest()}"
            return sign_with(self._signer(), own.key, Purpose.OCSP, number)

        return answer(
            singles,
            produced_at=now,
            responder=own.cert,
            algorithm=algorithm,
            sign=sign,
            nonce=asked.nonce,
            certificates=(own.cert.der,),
        )

    def _may_sign(self, now: datetime) -> bool:
        start, count = self._minute
        if not timedelta(0) <= now - start < _MINUTE:
            start, count = now, 0
        self._minute = (start, count + 1)
        return count < self._per_minute
