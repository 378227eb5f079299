"""Files that ofdrw makes are accepted by our verifier, and refused once they are changed."""

from __future__ import annotations

import pytest

from signing.verify import inspect
from tests.judges import changes
from tests.judges.peers import KINDS, PeerFile

pytestmark = pytest.mark.judges


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_made_by_ofdrw_is_read_and_passes(peers: dict[str, PeerFile], kind: str) -> None:
    peer = peers[kind]
    (found,) = peer.evidence.signatures
    assert found.structure == KINDS[kind][1]
    assert found.signature_valid
    assert found.content_valid
    assert len(found.references) > 5
    assert {item.state for item in found.references} == {"ok"}
    assert found.uncovered == found.partial == ()
    if kind.startswith("v"):
        assert found.seal
        assert found.seal.signature_valid
        assert found.member
    assert peer.verdict.passed, peer.verdict.codes


@pytest.mark.parametrize("change", [changes.content, changes.signature])
@pytest.mark.parametrize("kind", KINDS)
def test_one_changed_octet_of_a_file_made_by_ofdrw_is_noticed(
    peers: dict[str, PeerFile], kind: str, change: changes.Change
) -> None:
    (found,) = inspect(change(peers[kind].data)).signatures
    if change is changes.content:
        assert "mismatch" in {item.state for item in found.references}
    else:
        assert found.signature_valid is False
