"""Files that others make are accepted by our verifier, and refused once they are changed."""

from __future__ import annotations

import pytest

from signing.verify import inspect
from tests.judges import changes
from tests.judges.peers import KINDS, PeerFile

pytestmark = pytest.mark.judges


@pytest.mark.parametrize("name", KINDS)
def test_a_file_made_by_others_is_read_and_passes(peers: dict[str, PeerFile], name: str) -> None:
    peer, kind = peers[name], KINDS[name]
    (found,) = peer.evidence.signatures
    assert found.structure == kind.structure
    assert found.signature_valid
    assert found.content_valid
    assert found.uncovered == found.partial == ()
    assert (len(found.references) > 5) is (peer.evidence.format == "ofd")
    assert {item.state for item in found.references} <= {"ok"}
    if kind.structure.startswith("ses"):
        assert found.seal
        assert found.seal.signature_valid
        assert found.member
    assert peer.verdict.passed, peer.verdict.codes


@pytest.mark.parametrize("change", [changes.content, changes.signature])
@pytest.mark.parametrize("name", KINDS)
def test_one_changed_octet_of_a_file_made_by_others_is_noticed(
    peers: dict[str, PeerFile], name: str, change: changes.Change
) -> None:
    (found,) = inspect(change(peers[name].data)).signatures
    if change is changes.signature:
        assert found.signature_valid is False
    elif found.references:
        assert "mismatch" in {item.state for item in found.references}
    else:
        assert found.content_valid is False
