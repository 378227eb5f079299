"""The hub's own time-stamp authority: the embedded default.

It says what the hub's clock says. A city that needs accredited time names an authority outside
(``signing.time.client``); tokens of this one carry a policy that says what it is.
"""

from __future__ import annotations

from kernel.clock import Clock
from kernel.errors import TongbanError
from signing.authority import sign_with
from signing.ports import Purpose, Signer
from signing.seal_model import Role
from signing.ses.der import DerError
from signing.time import token, wire
from signing.time.model import (
    DIGEST_SIZE,
    FAMILY,
    SYNTHETIC_POLICY,
    Failure,
    Stamp,
    StampRequest,
    digest_oid,
)
from signing.time.ports import Certificates
from signing.x509.write import serial

ACCURACY_SECONDS = 1


class TimeStampAuthority:
    """Stamps with the region's time-stamp certificates; the keys stay at the signer.

    Serial numbers are random (127 bits) and the signer lets each sign one digest, ever, so that no
    two tokens share one.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        certificates: Certificates,
        clock: Clock,
        policy: str = SYNTHETIC_POLICY,
    ) -> None:
        """Join the ports; ``policy`` is the OID of the authority's practice statement."""
        self._signer = signer
        self._certificates = certificates
        self._clock = clock
        self._policy = policy

    def stamp(self, digest: bytes, algorithm: str) -> bytes:
        """Return a token; see ``TimeStamps``."""
        return self._token(StampRequest(digest_oid(algorithm, digest), digest), algorithm)

    def answer(self, request: bytes) -> bytes:
        """Return DER ``TimeStampResp`` for DER ``TimeStampReq``: never raises on a bad request."""
        try:
            asked = wire.read_request(request)
        except DerError as error:
            return wire.refused(Failure.BAD_DATA_FORMAT, error.detail)
        algorithm = FAMILY.get(asked.digest_oid)
        if algorithm is None:
            return wire.refused(Failure.BAD_ALGORITHM, "digest algorithm is not known here")
        if len(asked.digest) != DIGEST_SIZE:
            return wire.refused(Failure.BAD_DATA_FORMAT, "digest has another length")
        if asked.policy not in ("", self._policy):
            return wire.refused(Failure.UNACCEPTED_POLICY, "policy is not offered here")
        try:
            return wire.granted(self._token(asked, algorithm))
        except TongbanError as error:
            return wire.refused(Failure.SYSTEM_FAILURE, error.code)

    def _token(self, asked: StampRequest, algorithm: str) -> bytes:
        own = self._certificates.current(Role.TIME_STAMP, algorithm)
        issuer = self._certificates.current(Role.CA, algorithm)
        number = serial()
        stamp = Stamp(
            policy=self._policy,
            digest_oid=asked.digest_oid,
            digest=asked.digest,
            serial=number,
            time=self._clock.now().replace(microsecond=0),
            accuracy_seconds=ACCURACY_SECONDS,
            nonce=asked.nonce,
        )
        return token.build(
            wire.info(stamp),
            own.cert,
            algorithm,
            (own.cert.der, issuer.cert.der) if asked.certificates else (),
            sign_with(self._signer, own.key, Purpose.TIME_STAMP, f"tst.{number:x}"),
        )
