from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from audit.model import Checkpoint
from audit.note import LogKey, body_of, key_from_spki, key_from_text, open_note, signed_note
from audit.tiles import Place, bundle, hashes_of, levels, nodes, place_of, places, unbundle
from kernel.errors import TongbanError

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = LogKey("example.cn/log", PRIVATE.public_key().public_bytes_raw())
CHECKPOINT = Checkpoint(KEY.name, 20852163, bytes(range(32)))
NOTE = signed_note(CHECKPOINT, KEY, PRIVATE.sign(body_of(CHECKPOINT)))


def test_a_checkpoint_has_the_lines_of_its_specification() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [
        "example.cn/log",
        "20852163",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "",
    ]
    assert lines[4].startswith("\u2014 example.cn/log ")
    assert lines[5:] == [""]
    assert open_note(NOTE, KEY) == CHECKPOINT
    assert open_note(NOTE.encode(), KEY) == CHECKPOINT


def test_known_note_of_another_implementation_verifies() -> None:
    # From the documentation of Go's sumdb/note.
    key = key_from_text("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    raw = base64.b64decode(line)
    assert raw[:4] == key.key_id
    assert key.verify(text.encode(), raw[4:])


def test_signatures_of_strangers_are_ignored() -> None:
    other = "\u2014 witness.example AAAAAAAAAAA=\n"
    assert open_note(NOTE + other, KEY) == CHECKPOINT
    stranger = LogKey(
        "example.cn/log", Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    )
    with pytest.raises(TongbanError, match="note-untrusted"):
        open_note(NOTE, stranger)


@given(st.data())
def test_no_changed_checkpoint_is_accepted(data: st.DataObject) -> None:
    raw = bytearray(NOTE.encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(TongbanError, match="note-"):
        open_note(bytes(raw), KEY)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        "a\n",
        NOTE.rstrip("\n"),
        NOTE.replace("\u2014", "-"),
        NOTE.replace("\n", "\r\n"),
        NOTE[:-3] + "\n",
        "a\n01\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n" + NOTE.split("\n\n")[1],
        "x" * 70_000,
    ],
)
def test_malformed_notes_are_refused(note: str) -> None:
    with pytest.raises(TongbanError, match="note-"):
        open_note(note, KEY)


@pytest.mark.parametrize(
    ("size", "root"),
    [
        ("01", "A" * 43 + "="),
        ("-1", "A" * 43 + "="),
        ("1", "AAAA"),
        ("1", "?"),
        ("", "A" * 43 + "="),
    ],
)
def test_signed_nonsense_is_refused(size: str, root: str) -> None:
    body = f"{KEY.name}\n{size}\n{root}\n"
    line = base64.b64encode(KEY.key_id + PRIVATE.sign(body.encode())).decode()
    with pytest.raises(TongbanError, match="note-malformed"):
        open_note(f"{body}\n\u2014 {KEY.name} {line}\n", KEY)


def test_a_checkpoint_of_another_log_with_the_same_key_is_refused() -> None:
    other = Checkpoint("example.cn/other", 1, bytes(32))
    with pytest.raises(TongbanError, match="note-untrusted"):
        open_note(signed_note(other, KEY, PRIVATE.sign(body_of(other))), KEY)


def test_keys_come_back_from_text_and_from_spki() -> None:
    assert key_from_text(KEY.to_text() + "\n") == KEY
    spki = PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key_from_spki(KEY.name, spki) == KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        "a+00000000+AAAA",
        KEY.to_text()[:-4],
        KEY.to_text().replace("example", "exemple"),
        "+" + KEY.to_text(),
    ],
)
def test_malformed_keys_are_refused(text: str) -> None:
    with pytest.raises(TongbanError, match="log-key-malformed"):
        key_from_text(text)


@pytest.mark.parametrize("der", [b"", b"\x30\x00", bytes(44)])
def test_malformed_spki_is_refused(der: bytes) -> None:
    with pytest.raises(TongbanError, match="log-key-malformed"):
        key_from_spki("a", der)


def test_paths_are_those_of_the_specification() -> None:
    assert Place(0, 1234067, 256).path == "tile/0/x001/x234/067"
    assert Place(1, 0, 1).path == "tile/1/000.p/1"
    assert Place(-1, 5, 256).path == "tile/entries/005"
    assert Place(0, 1000, 3).path == "tile/0/x001/000.p/3"


@given(st.integers(-1, 63), st.integers(0, 10**10), st.integers(1, 256))
def test_paths_are_read_back(level: int, index: int, width: int) -> None:
    place = Place(level, index, width)
    assert place_of(place.path) == place


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/00/001",
        "tile/64/001",
        "tile/0/x000/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/300",
        "tile/0/001.p/01",
        "tile/0/x001",
        "checkpoint",
        "tile/0/../001",
        "",
    ],
)
def test_other_spellings_are_no_paths(path: str) -> None:
    assert place_of(path) is None


def test_a_tree_of_70000_has_the_tiles_of_the_specifications_example() -> None:
    found = [place for level in range(levels(70_000)) for place in places(0, 70_000, level)]
    by_level = {level: [p.width for p in found if p.level == level] for level in range(3)}
    assert by_level == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert [p.path for p in places(0, 256, 1)] == ["tile/1/000.p/1"]


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_growing_writes_exactly_what_is_new(old: int, more: int) -> None:
    new = old + more
    for level in range(levels(new)):
        before = set(places(0, old, level))
        assert set(places(0, new, level)) - before == set(places(old, new, level))


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_come_back(bodies: list[bytes]) -> None:
    assert unbundle(bundle(bodies)) == bodies


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x01", b"\x00\x02a", b"\x00\x01a\x00"])
def test_malformed_bundles_are_none(data: bytes) -> None:
    assert unbundle(data) is None
    assert hashes_of(data) is None


def test_a_key_of_another_algorithm_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(TongbanError, match="log-key-malformed"):
        key_from_spki("a", other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_too_many_signatures_are_refused() -> None:
    with pytest.raises(TongbanError, match="too many"):
        open_note(NOTE + "\u2014 witness.example AAAAAAAAAAA=\n" * 64, KEY)


def test_nodes_beyond_the_tree_are_damage() -> None:
    class Nothing:
        def read(self, name: str) -> bytes | None:
            return None

    with pytest.raises(TongbanError, match="log-damaged"):
        nodes(Nothing(), 5)(0, 300)
    with pytest.raises(TongbanError, match="tile/0/000"):
        nodes(Nothing(), 5)(0, 3)
    with pytest.raises(TongbanError, match="tile/0/000"):
        nodes(Nothing(), 256)(0, 3)
