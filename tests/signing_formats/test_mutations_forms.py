"""Flip, cut, repeat or move any bytes of what batches make: files from forms, raised and resealed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates import typebook
from certificates.fonts import Fonts
from certificates.press import FacePress
from signing.formats.batch import lay
from signing.formats.ofd.seal import seal
from signing.model import Placement
from signing.policies import load
from signing.verify import inspect, judge
from tests.certificates.samples import values

from .conftest import AT, Region
from .stamping import authority
from .test_mutations import MILD, never_passes
from .test_pdf_levels import CHECKED, City

SOME, FEW = settings(MILD, max_examples=120), settings(MILD, max_examples=50)
SECOND = (Placement(0, 20.0, 200.0, 40.0, 40.0),)


@dataclass(frozen=True, slots=True)
class Faces:
    """Unsealed certificates of ours and where their seals belong."""

    press: FacePress

    def sealed(self, file_format: str, region: Region, data: bytes = b"") -> bytes:
        """The certificate sealed by the form that batches use, which must know it."""
        form = "ofd" if file_format == "ofd" else "pdf"
        kind = typebook.load()["marriage"]
        unsealed = data or self.press.fill(kind, form, values(kind))
        material = region.material() if form == "ofd" else region.material(b"0")
        laid = lay(form, unsealed, material, self.press.placement(kind, form), AT)
        assert laid
        signature = region.signer.sign(laid.digest)
        made = laid.finish(signature)
        assert laid.holds(made, signature)
        return made

    def twice(self, region: Region) -> bytes:
        """The certificate as OFD with two seals, the second closing it."""
        kind = typebook.load()["marriage"]
        unsealed = self.press.fill(kind, "ofd", values(kind))
        first = [self.press.placement(kind, "ofd")]
        given = (region.material(), first, AT, region.signer.sign)
        waiting = seal(unsealed, *given, later=True)
        return seal(waiting, region.material(), SECOND, AT, region.signer.sign)


@pytest.fixture(scope="module")
def faces() -> Faces:
    return Faces(FacePress(Fonts.load([])))


@pytest.fixture(scope="module", params=["p256", "sm2"])
def family(request: pytest.FixtureRequest) -> Region:
    region: Region = request.getfixturevalue(request.param)
    return region


@pytest.fixture(scope="module")
def pdf(faces: Faces, family: Region) -> bytes:
    return faces.sealed("pdf", family)


@pytest.fixture(scope="module")
def archived(pdf: bytes, family: Region) -> bytes:
    return City(family, authority(family)).raise_to(pdf, "B-LTA")


@pytest.fixture(scope="module")
def ofd(faces: Faces, sm2: Region) -> bytes:
    return faces.sealed("ofd", sm2)


@pytest.fixture(scope="module")
def twice(faces: Faces, sm2: Region) -> bytes:
    return faces.twice(sm2)


@pytest.mark.parametrize("name", ["pdf", "archived", "ofd", "twice"])
def test_what_is_mutated_here_passes_unchanged(
    request: pytest.FixtureRequest, name: str, family: Region, sm2: Region
) -> None:
    region = sm2 if name in {"ofd", "twice"} else family
    data = request.getfixturevalue(name)
    found = judge(inspect(data), load("certificate"), region.trust, CHECKED)
    assert found.passed, found.to_json()
    levels = {"archived": "B-LTA"}
    assert found.signatures[0].level == levels.get(name, "B-B")
    assert len(found.signatures) == {"archived": 3, "twice": 2}.get(name, 1)


@SOME
@given(data=st.data())
def test_a_mutated_pdf_from_a_form_never_passes(
    pdf: bytes, family: Region, data: st.DataObject
) -> None:
    never_passes(pdf, family, data)


@FEW
@given(data=st.data())
def test_a_mutated_archived_pdf_from_a_form_never_passes(
    archived: bytes, family: Region, data: st.DataObject
) -> None:
    never_passes(archived, family, data, CHECKED)


@SOME
@given(data=st.data())
def test_a_mutated_ofd_from_a_form_never_passes(
    ofd: bytes, sm2: Region, data: st.DataObject
) -> None:
    never_passes(ofd, sm2, data)


@SOME
@given(data=st.data())
def test_a_mutated_ofd_with_two_seals_never_passes(
    twice: bytes, sm2: Region, data: st.DataObject
) -> None:
    never_passes(twice, sm2, data)
