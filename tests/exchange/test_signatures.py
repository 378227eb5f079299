from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.exchange.signatures import (
    MalformedError,
    Message,
    base,
    content_digest,
    fields,
    from_der,
    read,
    signature_input,
    to_der,
)
from signing.algorithms import by_name

# RFC 9421, B.1.3 and B.2: keys and messages of the standard's own examples.
KEY = base64.b64decode(
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf"
    "w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ=="
)
B24 = Message(
    status=200,
    headers={
        "date": "Tue, 20 Apr 2021 02:07:56 GMT",
        "content-type": "application/json",
        "content-digest": "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41Q"
        "JgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:",
        "content-length": "23",
        "signature-input": 'sig-b24=("@status" "content-type" "content-digest" '
        '"content-length");created=1618884473;keyid="test-key-ecc-p256"',
        "signature": "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NK"
        "ocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:",
    },
    body=b'{"message": "good dog"}\n',
)
REQUEST = Message(
    method="POST",
    url="https://example.com/foo?param=Value&Pet=dog",
    headers={
        "signature": "sig1=:LAH8BjcfcOcLojiuOBFWn0P5keD3xAOuJRGziCLuD8r5MW9S0RoXXLzLSRfGY/3SF8kVI"
        "kHjE13SEFdTo4Af/fJ/Pu9wheqoLVdwXyY/UkBIS1M8Brc8IODsn5DFIrG0IrburbLi0uCc+E2ZIIb6HbUJ+o+jP"
        "58JelMTe0QE3IpWINTEzpxjqDf5/Df+InHCAkQCTuKsamjWXUpyOT1Wkxi7YPVNOjW4MfNuTZ9HdbD2Tr65+BXeT"
        "G9ZS/9SWuXAc+BZ8WyPz0QRz//ec3uWXd7bYYODSjRAxHqX+S1ag3LZElYyUKaAIjZ8MGOt4gXEwCSLDv/zqxZeW"
        "Lj/PDkn6w==:"
    },
)
BOUND = Message(
    status=503,
    request=REQUEST,
    headers={
        "content-type": "application/json",
        "content-length": "62",
        "signature-input": 'reqres=("@status" "content-length" "content-type" '
        '"signature";req;key="sig1" "@authority";req "@method";req)'
        ';created=1618884479;keyid="test-key-ecc-p256"',
        "signature": "reqres=:mh17P4TbYYBmBwsXPT4nsyVzW4Rp9Fb8WcvnfqKCQLoMvzOBLD/n32tL/GPW6XE5GAS5b"
        "dsg1khK6lBzV1Cx/Q==:",
    },
)


def holds(message: Message, label: str) -> bool:
    signed = read(message, label)
    p256 = by_name("ecdsa_p256")
    digest = p256.digest(base(message, signed.components, signed.text), KEY)
    return p256.verify_digest(KEY, digest, to_der(signed.signature))


def test_the_standards_answer_signed_with_p256_verifies() -> None:
    assert holds(B24, "sig-b24")
    assert read(B24, "sig-b24").parameters == {
        "created": "1618884473",
        "keyid": "test-key-ecc-p256",
    }


def test_the_standards_answer_bound_to_its_request_verifies_and_to_no_other() -> None:
    assert holds(BOUND, "reqres")
    other = replace(REQUEST, url="https://example.org/foo")
    assert not holds(replace(BOUND, request=other), "reqres")


@pytest.mark.parametrize("name", ["content-type", "content-digest", "content-length"])
def test_a_changed_field_breaks_the_signature(name: str) -> None:
    changed = {**B24.headers, name: B24.headers[name] + "0"}
    assert not holds(replace(B24, headers=changed), "sig-b24")


def test_the_digest_of_the_standards_body_is_right() -> None:
    # RFC 9530, appendix B.1: the digest of this very text.
    assert content_digest(b'{"hello": "world"}\n') == (
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"signature-input": 'sig-b24=(@status "date");created=1'},
        {"signature-input": ""},
        {"signature-input": 'sig-b24=("@status");created=x'},
        {"signature-input": 'sig-b24=("@status"), sig-b24=("date")'},
        {"signature-input": 'sig-b24=("@status";bs)'},
        {"signature": "sig-b24=:YQ:"},
        {"signature": "other=:YQ==:"},
        {"signature": "sig-b24=:YQ==:, sig-b24=:YQ==:"},
    ],
)
def test_what_is_no_signature_of_this_form_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        read(replace(B24, headers={**B24.headers, **wrong}), "sig-b24")


@pytest.mark.parametrize(
    "item", ['"@method"', '"x"', '"date";req', '"@query"', "date", '"@status"']
)
def test_what_a_message_does_not_have_cannot_be_covered(item: str) -> None:
    message = Message(headers={"date": "x"}, status=200)
    covered = [item, item] if item == '"@status"' else [item]
    with pytest.raises(MalformedError):
        base(message, covered, "()")


def test_what_is_written_is_read_again() -> None:
    text = signature_input(('"@method"', '"a";req'), {"created": 5, "nonce": "n-1", "keyid": "k"})
    found = read(Message(headers=fields(text, b"\x01" * 64)))
    assert (found.components, found.text) == (('"@method"', '"a";req'), text)
    assert found.parameters == {"created": "5", "nonce": "n-1", "keyid": "k"}
    assert from_der(to_der(found.signature)) == found.signature


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_read_or_refused(inputs: str, value: str) -> None:
    try:
        read(Message(headers={"signature-input": inputs, "signature": value}))
    except MalformedError:
        return
