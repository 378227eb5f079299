"""Attributes are signed in DER's order, whatever order they come in (RFC 5652 clause 5.4).

And what is called a seal has one: a value without a seal is none (GM/T 0099-2020 clause 7.2.2).
"""

from __future__ import annotations

import pytest

from signing.algorithms.sm2_sm3 import sm3
from signing.formats.ofd import package
from signing.policies import load
from signing.ses import der, signed_data
from signing.ses.signed_data import Form
from signing.verify import inspect, judge

from .conftest import AT, Region
from .craft import OWN, Recipe, entries

LISTING = "Doc_0/Signs/Signatures.xml"


def valued(
    region: Region, form: Form, *, kind: str, turned: bool = False, whole: bool = True
) -> bytes:
    """Return a package with a GB/T 35275 value.

    ``turned`` attributes come in the wrong order, signed in the right one where ``whole``.
    """
    listed = f'"{kind}"'.encode()
    files = entries(region, Recipe(skip=frozenset({LISTING})))
    files[LISTING] = files[LISTING].replace(b'"Seal"', listed)
    right = signed_data.to_be_signed(form, sm3(files[f"{OWN}/Signature.xml"]), AT)
    parts = der.whole(right).children()[::-1] if turned else ()
    sent = der.tlv(der.SET, *(part.raw for part in parts)) if turned else right
    value = region.signer.sign_message(right if whole else sent)
    files[f"{OWN}/SignedValue.dat"] = signed_data.build(form, sent, (region.signer.cert,), value)
    return package.write(list(files.items()))


def codes(data: bytes, region: Region) -> set[str]:
    return set(judge(inspect(data), load("certificate"), region.trust, AT).codes)


@pytest.mark.parametrize("form", list(Form))
def test_a_seal_needs_the_structure_of_a_seal(form: Form, sm2: Region) -> None:
    assert "E_SES_VERSION" in codes(valued(sm2, form, kind="Seal"), sm2)
    assert "E_SES_VERSION" not in codes(valued(sm2, form, kind="Sign"), sm2)


def test_attributes_in_the_wrong_order_are_never_exact(sm2: Region) -> None:
    right = codes(valued(sm2, Form.ATTRIBUTES, kind="Sign"), sm2)
    assert not right & {"E_SIGNATURE", "W_CMS_ENCODING"}
    mended = codes(valued(sm2, Form.ATTRIBUTES, kind="Sign", turned=True), sm2)
    assert "W_CMS_ENCODING" in mended
    assert "E_SIGNATURE" not in mended
    wrong = codes(valued(sm2, Form.ATTRIBUTES, kind="Sign", turned=True, whole=False), sm2)
    assert "E_SIGNATURE" in wrong
