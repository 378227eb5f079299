from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.exchange import signatures
from certificates.exchange.message import Message
from certificates.exchange.proof import ANSWER, QUESTION
from certificates.exchange.signatures import Terms
from signing.algorithms import by_name
from tests.exchange.rfc9421 import (
    LABEL,
    MalformedError,
    base,
    content_digest,
    fields,
    from_der,
    read,
    signature_input,
    to_der,
)

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


P256 = by_name("ecdsa_p256")
PRIVATE = P256.generate()
PUBLIC = P256.public_key(PRIVATE)
TERMS = Terms("410100/0123456789abcdef", 1618884473, 1618884773, "nonce-of-a-message")
ASKED = Message(
    {"content-type": "application/json"},
    b'{"schema":1}',
    method="POST",
    url="https://hub.example/v1/peer-requests",
)


def seal(text: bytes) -> bytes:
    return P256.sign_digest(PRIVATE, P256.digest(text, PUBLIC))


def asked() -> Message:
    return signatures.sign(ASKED, TERMS, QUESTION, seal)


def answered(body: bytes = b"{}") -> Message:
    plain = Message({"content-type": "application/json"}, body, status=200, request=asked())
    return signatures.sign(plain, TERMS, ANSWER, seal)


def by_the_oracle(message: Message, covered: tuple[str, ...], **changes: int | str) -> Message:
    """Sign as the second reading does, with our parameters in an order of its own."""
    headers = {**message.headers, "content-digest": content_digest(message.body)}
    plain = replace(message, headers=headers)
    said = {
        "keyid": TERMS.key_id,
        "tag": signatures.TAG,
        "nonce": TERMS.nonce,
        "created": TERMS.created,
        "expires": TERMS.expires,
        "alg": signatures.ALGORITHM,
        **changes,
    }
    text = signature_input(covered, said)
    raw = from_der(seal(base(plain, covered, text)))
    return replace(plain, headers={**headers, **fields(text, raw)})


@pytest.mark.parametrize("message", [asked(), answered(), answered("测试".encode() * 99)])
def test_what_we_sign_holds_for_the_second_reading(message: Message) -> None:
    signed = read(message, LABEL)
    digest = P256.digest(base(message, signed.components, signed.text), PUBLIC)
    assert P256.verify_digest(PUBLIC, digest, to_der(signed.signature))
    assert message.headers["content-digest"] == content_digest(message.body)
    assert signed.components == (ANSWER if message.status else QUESTION)
    signatures.verify(message, PUBLIC, signed.components)
    assert signatures.terms(message) == TERMS


def test_what_the_second_reading_signs_holds_for_us() -> None:
    question = by_the_oracle(ASKED, QUESTION)
    signatures.verify(question, PUBLIC, QUESTION)
    plain = Message({"content-type": "application/json"}, b"{}", status=403, request=question)
    signatures.verify(by_the_oracle(plain, ANSWER), PUBLIC, ANSWER)
    assert signatures.terms(question) == TERMS


def why(message: Message, covered: tuple[str, ...] = ANSWER, key: bytes = PUBLIC) -> str:
    with pytest.raises(signatures.MalformedError) as caught:
        signatures.verify(message, key, covered)
    return str(caught.value)


def test_an_answer_is_bound_to_its_question() -> None:
    answer = answered()
    later = replace(TERMS, nonce="nonce-of-another-one")
    other = signatures.sign(ASKED, later, QUESTION, seal)
    assert why(replace(answer, request=other)) == "signature"
    assert why(replace(answer, request=None)) == "form"
    assert why(replace(answer, request=replace(asked(), method="GET"))) == "signature"
    assert why(replace(answer, status=201)) == "signature"


def test_whose_key_it_is_and_what_is_covered_counts() -> None:
    stranger = P256.public_key(P256.generate())
    assert why(answered(), key=stranger) == "signature"
    assert why(replace(answered(), body=b"{ }")) == "content digest"
    less = by_the_oracle(ASKED, QUESTION[:2])
    assert why(less, QUESTION) == "coverage"


@pytest.mark.parametrize(
    "changes",
    [{"tag": "another"}, {"alg": "ed25519"}, {"created": "1"}, {"extra": 1}, {"nonce": 7}],
)
def test_a_signature_made_for_something_else_is_refused(changes: dict[str, int | str]) -> None:
    assert why(by_the_oracle(ASKED, QUESTION, **changes), QUESTION) == "form"


def test_a_signature_of_somebody_between_does_not_disturb() -> None:
    question = asked()
    headers = {
        **question.headers,
        "signature-input": question.headers["signature-input"] + ', proxy=("@method");keyid="x"',
        "signature": question.headers["signature"] + ", proxy=:YQ==:",
    }
    signatures.verify(replace(question, headers=headers), PUBLIC, QUESTION)
    twice = question.headers["signature-input"] + question.headers["signature-input"].replace(
        "tongban=", ", again=", 1
    )
    assert why(replace(question, headers={**headers, "signature-input": twice})) == "form"


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=80))
def test_whatever_stands_in_the_fields_is_refused_without_another_error(
    inputs: str, value: str, digest: str
) -> None:
    written = {"signature-input": inputs, "signature": value, "content-digest": digest}
    message = replace(asked(), headers={**asked().headers, **written})
    with pytest.raises(signatures.MalformedError):
        signatures.verify(message, PUBLIC, QUESTION)


@given(st.text(max_size=60), st.sampled_from(["signature", "content-digest", "content-type"]))
def test_no_field_that_is_covered_can_be_changed(text: str, name: str) -> None:
    changed = {**asked().headers, name: asked().headers[name] + text}
    if text.strip(" \t"):
        with pytest.raises(signatures.MalformedError):
            signatures.verify(replace(asked(), headers=changed), PUBLIC, QUESTION)
