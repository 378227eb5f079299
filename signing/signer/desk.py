"""Decides and signs: the rules of the signer, without the socket."""

from __future__ import annotations

from collections.abc import Sequence

from kernel.errors import Refused, TongbanError
from signing.algorithms import by_name
from signing.keystores.request import check_digest
from signing.ports import KeyInfo, KeyStore, Purpose, SignAnswer, SignRequest
from signing.signer.ledger import Kept, Ledger

LARGEST_BATCH = 1000
_LONGEST_TEXT = 200
_LONGEST_DIGEST = 4096


class Desk:
    """Implements ``Signer`` on a key store and a ledger.

    A key signs only for the purposes it was made for. Every signature is verified with the public
    key before it is kept or handed out: a faulty computation must not leave the process.
    """

    def __init__(self, keys: KeyStore, ledger: Ledger) -> None:
        """Join the two; both stay owned by the caller."""
        self._keys = keys
        self._ledger = ledger

    def sign(self, request: SignRequest) -> SignAnswer | Refused:
        """Sign one; see ``Signer.sign``."""
        return self.sign_many((request,))[0]

    def sign_many(self, requests: Sequence[SignRequest]) -> tuple[SignAnswer | Refused, ...]:
        """Sign a batch with one durable write; see ``Signer.sign_many``."""
        if len(requests) > LARGEST_BATCH:
            refused = Refused("sign-request-invalid", {"reason": f"over {LARGEST_BATCH} requests"})
            return (refused,) * len(requests)
        answers: list[SignAnswer | Refused | None] = [self._known(item) for item in requests]
        fresh = [at for at, answer in enumerate(answers) if answer is None]
        signed = [(requests[at], self._signature(requests[at])) for at in fresh]
        kept = self._ledger.keep(signed) if signed else ()
        for at, (request, signature), row in zip(fresh, signed, kept, strict=True):
            answers[at] = _answer(request, row, repeated=row.signature != signature)
        return tuple(answer for answer in answers if answer is not None)

    def create(self, name: str, algorithm: str, purposes: Sequence[str]) -> KeyInfo:
        """Make a key or return the equal existing one."""
        return self._keys.create(name, algorithm, purposes)

    def key(self, name: str) -> KeyInfo | None:
        """Describe a key, or None."""
        return self._keys.info(name) if name in self._keys.names() else None

    def all_keys(self) -> tuple[KeyInfo, ...]:
        """Describe all keys, by name."""
        return tuple(self._keys.info(name) for name in self._keys.names())

    def _known(self, request: SignRequest) -> SignAnswer | Refused | None:
        refused = self._refuse(request)
        if refused:
            return refused
        row = self._ledger.find(request)
        return _answer(request, row, repeated=True) if row else None

    def _refuse(self, request: SignRequest) -> Refused | None:
        reason = _misshapen(request)
        if reason:
            return Refused("sign-request-invalid", {"reason": reason})
        if request.purpose not in set(Purpose):
            return Refused("purpose-unknown", {"purpose": request.purpose})
        info = self.key(request.key)
        if info is None:
            return Refused("key-unknown", {"key": request.key})
        if request.purpose not in info.purposes:
            return Refused("purpose-not-allowed", {"key": request.key, "purpose": request.purpose})
        try:
            check_digest(by_name(info.algorithm), request.digest)
        except TongbanError as error:
            return Refused(error.code, error.params)
        return None

    def _signature(self, request: SignRequest) -> bytes:
        info = self._keys.info(request.key)
        signature = self._keys.sign(request.key, request.digest)
        if not by_name(info.algorithm).verify_digest(info.spki, request.digest, signature):
            raise TongbanError("signature-failed", algorithm=info.algorithm)
        return signature


def _misshapen(request: SignRequest) -> str:
    texts = (request.key, request.purpose, request.number)
    if not all(texts) or not 0 < len(request.digest) <= _LONGEST_DIGEST:
        return "key, purpose, number or digest"
    if any(len(text) > _LONGEST_TEXT for text in (*texts, request.seal, request.approval)):
        return f"a text over {_LONGEST_TEXT} characters"
    return ""


def _answer(request: SignRequest, row: Kept, *, repeated: bool) -> SignAnswer | Refused:
    if not row.answers(request):
        return Refused("number-signed-otherwise", {"number": request.number})
    return SignAnswer(row.signature, repeated)
