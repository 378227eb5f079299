"""Joins the exchange to the signer, the log and the verdicts of this hub."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from audit.tree import leaf_hash
from certificates.errors import Code
from certificates.exchange.peers import key_id
from certificates.ports import Judgement
from hub.judging import STRICT, short
from kernel.errors import Refused, TongbanError
from kernel.ports import Json
from signing.algorithms import by_name
from signing.authority import PEER_KEY
from signing.checks.case import Trust
from signing.policies import load as load_policy
from signing.ports import KeyInfo, Purpose, SignRequest
from signing.trust import TrustStore
from signing.verify import judge

if TYPE_CHECKING:
    from hub.wiring import Hub


@dataclass(frozen=True, slots=True)
class HubMessageKey:
    """Implements ``MessageKey`` at the signer; the key is made when first asked for."""

    hub: Hub

    def info(self) -> KeyInfo:
        """Return the public part, to be registered at peers."""
        client = self.hub.signer.client
        return client.key(PEER_KEY) or client.create(
            PEER_KEY, "ecdsa_p256", (Purpose.PEER_MESSAGE,)
        )

    def key_id(self) -> str:
        """Return ``region/`` and the beginning of the key's digest."""
        return key_id(self.hub.settings.region, self.info().spki)

    def sign(self, base: bytes, number: str) -> bytes:
        """Sign a signature base; see ``MessageKey.sign``."""
        digest = by_name("ecdsa_p256").digest(base, self.info().spki)
        request = SignRequest(PEER_KEY, digest, Purpose.PEER_MESSAGE, number)
        answer = self.hub.signer.client.sign(request)
        if isinstance(answer, Refused):
            raise TongbanError(answer.code, **answer.params)
        return answer.signature


@dataclass(frozen=True, slots=True)
class HubLeaves:
    """Implements ``Leaves``: a leaf hash is fixed with the commit, long before its number is."""

    hub: Hub

    def leaf(self, journal_no: int) -> str:
        """Return the leaf hash of a committed entry, Base64; entries before it may still come."""
        database = self.hub.database
        rows = database.transactions.read(lambda tx: database.journal.among(tx, [journal_no]))
        if not rows:
            raise TongbanError(Code.PEER_FAILED, region=self.hub.settings.region, status="journal")
        return base64.b64encode(leaf_hash(rows[0].body)).decode()

    def receipt(self, journal_no: int) -> Json:
        """Return the receipt of a committed entry."""
        return self.hub.log.receipt(journal_no)


@dataclass(frozen=True, slots=True)
class RegionJudge:
    """Implements ``ForeignJudge``: one region's lists count, and no other's, not even our own."""

    hub: Hub

    def lists(self, region: str, at: datetime) -> bool | None:
        """Tell whether a list of the region is in force; None where there is none."""
        found = self._lists(region).lists
        return any(item.in_force(at) for item in found) if found else None

    def judge(self, data: bytes, name: str, region: str, at: datetime) -> Judgement:
        """Judge a copy in a fenced process under the strict policy."""
        policy = load_policy(STRICT, self.hub.settings.root)
        trust = Trust.at(self._lists(region), at, self.hub.trust.crls())
        return short(judge(self.hub.fence.inspect(data, name), policy, trust, at))

    def _lists(self, region: str) -> TrustStore:
        store = self.hub.trust.store()
        return TrustStore(
            tuple(item for item in store.lists if item.region == region), store.digest
        )
