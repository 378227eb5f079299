"""The promises of objects, kept by a folder and by real S3 servers of two makers alike."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kernel.errors import TongbanError
from kernel.ports import Digest, Objects
from storage.objects import open_objects
from storage.objects.names import name_of
from storage.probe import NoProbe, RecordingProbe
from tests.conftest import ObjectServers
from tests.objectservers import KINDS, Server
from tests.storage.middleman import between

PLACES = ["folder", *(pytest.param(name, marks=pytest.mark.services) for name in KINDS)]
SERVERS = [pytest.param(name, marks=pytest.mark.services) for name in KINDS]


@dataclass
class Place:
    """A store and the way to put wrong bytes under a name behind its back."""

    objects: Objects
    spoil: Callable[[Digest, bytes], None]
    again: Callable[[], Objects]


def raw(server: Server) -> Any:
    from minio import Minio

    address = f"127.0.0.1:{server.port}"
    return Minio(
        address, access_key="tongban", secret_key=server.secret, secure=False, region="us-east-1"
    )


def key_of(digest: Digest) -> str:
    digits = digest.removeprefix("sha256:")
    return f"sha256/{digits[:2]}/{digits[2:]}"


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        root = tmp_path / "objects"

        def spoil_file(digest: Digest, data: bytes) -> None:
            (root / key_of(digest)).write_bytes(data)

        return Place(open_objects(root, NoProbe()), spoil_file, lambda: open_objects(root))
    server = request.getfixturevalue("object_servers")(request.param)
    bucket = f"b-{secrets.token_hex(6)}"
    client = raw(server)
    client.make_bucket(bucket)

    def spoil_object(digest: Digest, data: bytes) -> None:
        import io

        client.put_object(bucket, key_of(digest), io.BytesIO(data), len(data))

    def again() -> Objects:
        return open_objects(server.address(bucket), NoProbe())

    return Place(again(), spoil_object, again)


@pytest.fixture
def server(request: pytest.FixtureRequest, object_servers: ObjectServers) -> Server:
    return object_servers(request.param)


@pytest.mark.parametrize("place", PLACES, indirect=True)
@pytest.mark.parametrize("size", [0, 1, 5 * 1024 * 1024 + 1])
def test_bytes_of_any_size_come_back_however_they_are_read(place: Place, size: int) -> None:
    data = os.urandom(size)
    digest = place.objects.put(data)
    assert digest == name_of(data)
    assert place.objects.has(digest)
    assert place.again().get(digest) == data
    with place.objects.open(digest) as file:
        assert file.read() == data
    with place.objects.local(digest) as path:
        assert path.read_bytes() == data


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_file_of_many_parts_is_stored_whole(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "delivery"
    data = os.urandom(24 * 1024 * 1024 + 7)
    path.write_bytes(data)
    assert place.objects.put_file(path) == place.objects.put_file(path) == name_of(data)
    with place.objects.open(name_of(data)) as file:
        assert file.read() == data


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_race_of_writers_and_readers_ends_in_the_one_object(place: Place) -> None:
    for turn in range(5):
        data = f"turn {turn} ".encode() * 5000
        stores, gate = [place.again() for _ in range(8)], threading.Barrier(8)

        def one(store: Objects, data: bytes = data, gate: threading.Barrier = gate) -> bytes:
            gate.wait(20)
            return store.get(store.put(data))

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(one, stores)) == {data}


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_other_bytes_than_the_name_says_are_never_handed_out(place: Place) -> None:
    digest = place.objects.put(b"abc")
    place.spoil(digest, b"abd")
    for read in (
        place.objects.get,
        place.objects.open,
        lambda d: place.objects.local(d).__enter__(),
    ):
        with pytest.raises(TongbanError, match="object-corrupt"):
            read(digest)


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_truncated_object_is_healed_by_storing_it_again(place: Place, tmp_path: Path) -> None:
    for put in (place.objects.put, lambda data: place.objects.put_file(written(tmp_path, data))):
        digest = put(b"abcdef")
        place.spoil(digest, b"abc")
        assert put(b"abcdef") == digest
        assert place.objects.get(digest) == b"abcdef"


def written(folder: Path, data: bytes) -> Path:
    (folder / "again").write_bytes(data)
    return folder / "again"


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_what_was_never_stored_is_missing(place: Place) -> None:
    digest = name_of(b"never")
    assert not place.objects.has(digest)
    for read in (place.objects.get, place.objects.open):
        with pytest.raises(TongbanError, match="object-missing"):
            read(digest)


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_a_bucket_that_is_not_there_is_told_and_not_taken_for_a_missing_object(
    server: Server,
) -> None:
    store = open_objects(server.address("nobody-made-this"), NoProbe())
    calls = (
        lambda: store.put(b"abc"),
        lambda: store.get(name_of(b"abc")),
        lambda: store.has(name_of(b"abc")),
    )
    for call in calls:
        with pytest.raises(TongbanError, match="NoSuchBucket"):
            call()


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_a_bucket_is_made_where_the_address_says_so_by_one_of_many(server: Server) -> None:
    bucket = f"made-{secrets.token_hex(6)}"
    address = server.address(bucket, query="?create=yes")
    gate = threading.Barrier(4)

    def one(number: int) -> bytes:
        store = open_objects(address, NoProbe())
        gate.wait(20)
        return store.get(store.put(str(number).encode()))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_a_wrong_key_is_told_by_the_servers_own_code(server: Server) -> None:
    address = server.address("any").replace(server.secret, "0" * 32)
    with pytest.raises(TongbanError, match=r"SignatureDoesNotMatch|AccessDenied"):
        open_objects(address, NoProbe()).put(b"abc")


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_a_server_that_is_busy_for_a_moment_is_asked_again(server: Server) -> None:
    probe = RecordingProbe()
    with between(server.port) as middle:
        address = server.address(f"b-{secrets.token_hex(6)}", port=middle.port, query="?create=yes")
        store = open_objects(address, probe)
        store.put(b"first")
        middle.busy = 2
        digest = store.put(b"abc")
        middle.busy = 2
        assert store.get(digest) == b"abc"
    assert probe.names == ["objects.keep", "objects.keep"]


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_a_server_that_stays_busy_or_cuts_its_answer_is_told(server: Server) -> None:
    with between(server.port) as middle:
        address = server.address(f"b-{secrets.token_hex(6)}", port=middle.port, query="?create=yes")
        store = open_objects(address, NoProbe())
        digest = store.put(b"abc" * 1000)
        middle.busy = 1000
        for call in (
            lambda: store.put(b"new"),
            lambda: store.get(digest),
            lambda: store.has(digest),
        ):
            with pytest.raises(TongbanError, match="objects-unavailable"):
                call()
        middle.busy, middle.cut = 0, True
        with pytest.raises(TongbanError, match=r"objects-unavailable|object-corrupt"):
            store.get(digest)


@pytest.mark.parametrize("server", SERVERS, indirect=True)
def test_nothing_rests_on_conditional_writes(server: Server, tmp_path: Path) -> None:
    with between(server.port) as middle:
        address = server.address(f"b-{secrets.token_hex(6)}", port=middle.port, query="?create=yes")
        store = open_objects(address, NoProbe())
        store.put(b"abc")
        store.put_file(written(tmp_path, os.urandom(6 * 1024 * 1024)))
    assert {method for method, _ in middle.seen} >= {"PUT", "HEAD"}
    conditional = {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
    assert not [names for _, names in middle.seen if names & conditional]
