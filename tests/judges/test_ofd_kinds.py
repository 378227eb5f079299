"""ofdrw accepts what certificates do not need and OFD knows: several seals, seams, signatures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from signing.formats.ofd import package
from signing.formats.ofd.seal import seal
from signing.formats.ofd.seam import strips
from signing.formats.ofd.sign import sign
from signing.ses.signed_data import Form
from tests.judges import changes
from tests.judges.jvm import Ofdrw
from tests.judges.opinions import MissingError, Opinion, Trusted
from tests.signing_formats.conftest import AT, PLACE, Region, make_region, unsealed_files
from tests.signing_formats.test_ofd_several_seals import pages
from tests.signing_formats.test_ses_v5 import made

pytestmark = pytest.mark.judges

SES = "ses-v4"


def _sealed(region: Region, data: bytes, *, later: bool = False) -> bytes:
    return seal(data, region.material(), PLACE, AT, region.signer.sign, later=later)


def _signed(region: Region, form: Form, *, later: bool = False) -> bytes:
    data = package.write(unsealed_files())
    return sign(data, (region.signer.cert,), AT, region.signer.sign, form, later=later)


def _waiting(region: Region) -> bytes:
    return _sealed(region, package.write(unsealed_files()), later=True)


def _seam(region: Region) -> bytes:
    places = strips(region.material(), [210.0] * 5, 100.0)
    return seal(pages(5), region.material(), places, AT, region.signer.sign)


KINDS: dict[str, tuple[Callable[[Region], bytes], tuple[str, ...]]] = {
    "signature, content attached": (lambda one: _signed(one, Form.ATTACHED), ("gbt35275",)),
    "signature, attributes": (lambda one: _signed(one, Form.ATTRIBUTES), ("gbt35275",)),
    "seal that later ones may follow": (_waiting, (SES,)),
    "two seals, the second closing": (lambda one: _sealed(one, _waiting(one)), (SES, SES)),
    "signature closed by a seal": (
        lambda one: _sealed(one, _signed(one, Form.ATTRIBUTES, later=True)),
        ("gbt35275", SES),
    ),
    "seal of GM/T 0031-2025": (
        lambda one: seal(
            package.write(unsealed_files()),
            one.material(made(one)),
            PLACE,
            AT,
            one.signer.sign,
        ),
        (SES,),  # this ofdrw names every seal of the newer form so
    ),
    "seam seal over five pages": (_seam, (SES,)),
}


@pytest.fixture(scope="module")
def opinions(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], Opinion]:
    """What ofdrw says of every kind, and of the same with one octet of the content changed."""
    region, folder, judge = make_region("sm2_sm3"), tmp_path_factory.mktemp("ofd"), Ofdrw()
    try:
        judge.version()
    except MissingError as error:
        pytest.skip(str(error))
    paths: dict[tuple[str, bool], Path] = {}
    for number, (name, (make, _)) in enumerate(KINDS.items()):
        data = make(region)
        for good in (True, False):
            path = folder / f"{number}-{good}.ofd"
            path.write_bytes(data if good else changes.content(data))
            paths[name, good] = path
    heard = judge.judge(list(paths.values()), Trusted({}, {}))
    return dict(zip(paths, heard, strict=True))


@pytest.mark.parametrize("name", KINDS)
def test_ofdrw_accepts_it(name: str, opinions: dict[tuple[str, bool], Opinion]) -> None:
    opinion = opinions[name, True]
    assert opinion.accepted, opinion.reason
    assert opinion.structures == KINDS[name][1]


@pytest.mark.parametrize("name", KINDS)
def test_ofdrw_refuses_it_changed(name: str, opinions: dict[tuple[str, bool], Opinion]) -> None:
    opinion = opinions[name, False]
    assert not opinion.accepted
    assert "FileIntegrityException" in opinion.reason
