"""Requests, answers and tokens with any bytes changed: an answer or a refusal, nothing else."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.errors import TongbanError
from signing.ses.der import DerError
from signing.time import wire
from signing.time.authority import TimeStampAuthority
from signing.time.check import check
from signing.time.model import DIGEST_OIDS, StampRequest
from signing.trust import TrustStore
from tests.signing.world import World

DIGEST = hashlib.sha256(b"x").digest()
ASKED = StampRequest(DIGEST_OIDS["sha256"], DIGEST, nonce=1 << 62)
MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def changed(good: bytes, data: st.DataObject) -> bytes:
    at = data.draw(st.integers(0, len(good) - 1))
    size = data.draw(st.integers(0, 8))
    new = data.draw(st.binary(max_size=8))
    return good[:at] + new + good[at + size :]


@MANY
@given(data=st.data())
def test_any_request_gets_an_answer(world: World, data: st.DataObject) -> None:
    own = TimeStampAuthority(signer=world.signer, certificates=world.authority, clock=world.clock)
    status, _, token = wire.read_answer(own.answer(changed(wire.request(ASKED), data)))
    assert (status == 0) == bool(token)


@pytest.fixture
def token(world: World) -> bytes:
    own = TimeStampAuthority(signer=world.signer, certificates=world.authority, clock=world.clock)
    return wire.read_answer(own.answer(wire.request(ASKED)))[2]


@MANY
@given(data=st.data())
def test_any_answer_is_read_or_refused(token: bytes, data: st.DataObject) -> None:
    with suppress(DerError):
        wire.read_answer(changed(wire.granted(token), data))


@MANY
@given(data=st.data())
def test_any_token_is_accepted_as_asked_or_refused(
    world: World, token: bytes, data: st.DataObject
) -> None:
    anchors = TrustStore((world.authority.trust_list(1),)).anchors(world.clock.now())
    with suppress(TongbanError):
        said = check(changed(token, data), ASKED, anchors, world.clock.now())
        assert (said.digest, said.nonce) == (DIGEST, ASKED.nonce)
        assert said.time == world.clock.now()
