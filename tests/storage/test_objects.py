from __future__ import annotations

import ctypes
import errno
import os
import threading
from pathlib import Path

import pytest

from kernel.errors import TongbanError
from kernel.ports import Digest
from storage.objects import open_objects, volume
from storage.objects.folder import FolderObjects
from storage.objects.names import name_of
from storage.probe import NoProbe, RecordingProbe


def file_of(root: Path, digest: str) -> Path:
    digits = digest.removeprefix("sha256:")
    return root / "sha256" / digits[:2] / digits[2:]


def test_bytes_come_back_under_their_digest(objects: FolderObjects) -> None:
    digest = objects.put(b"abc")
    assert digest == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert objects.get(digest) == b"abc"
    assert objects.put(b"abc") == digest
    assert objects.has(digest)
    with objects.open(digest) as file:
        assert file.read() == b"abc"
    with objects.local(digest) as path:
        assert path.read_bytes() == b"abc"


def test_a_file_is_stored_as_its_bytes_are(objects: FolderObjects, tmp_path: Path) -> None:
    path = tmp_path / "delivery"
    data = os.urandom(3_000_001)
    path.write_bytes(data)
    assert objects.put_file(path) == name_of(data)
    assert objects.put_file(path) == name_of(data)
    assert objects.get(name_of(data)) == data


def test_a_changed_object_is_refused_however_it_is_read(
    objects: FolderObjects, tmp_path: Path
) -> None:
    digest = objects.put(b"abc")
    file_of(tmp_path / "objects", digest).write_bytes(b"abd")
    for read in (objects.get, objects.open, lambda d: objects.local(d).__enter__()):
        with pytest.raises(TongbanError, match="object-corrupt"):
            read(digest)


def test_a_truncated_object_is_healed_by_storing_it_again(
    objects: FolderObjects, tmp_path: Path
) -> None:
    digest = objects.put(b"abc")
    file_of(tmp_path / "objects", digest).write_bytes(b"")
    objects.put(b"abc")
    assert objects.get(digest) == b"abc"


def test_a_missing_object_says_so(objects: FolderObjects) -> None:
    with pytest.raises(TongbanError, match="object-missing"):
        objects.get(name_of(b"never"))
    assert not objects.has(name_of(b"never"))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sha256:",
        "sha256:../../etc/passwd",
        "md5:" + "0" * 32,
        "sha256:" + "A" * 64,
        "sha256:" + "0" * 64 + "\n",
    ],
)
def test_a_forged_name_is_refused(objects: FolderObjects, name: str) -> None:
    with pytest.raises(TongbanError, match="object-name"):
        objects.get(Digest(name))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_leaves_nothing_behind(
    objects: FolderObjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(_handle: int) -> None:
        raise OSError(number, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TongbanError, match="disk-full"):
        objects.put(b"abc")
    assert not objects.has(name_of(b"abc"))
    assert list((tmp_path / "objects" / "staging").iterdir()) == []


@pytest.mark.parametrize("at_once", [True, False])
def test_several_objects_are_stored_together(
    objects: FolderObjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(volume, "_syncfs", lambda: None)
    objects.put(b"0")
    broken = objects.put(b"1" * 50)
    file_of(tmp_path / "objects", broken).write_bytes(b"")
    items = [b"0", b"1" * 50, *(os.urandom(3000) for _ in range(40)), b"0", b""]
    assert objects.put_many(items) == tuple(map(name_of, items))
    assert [objects.get(name_of(item)) for item in items] == items
    assert objects.put_many(()) == ()
    assert list((tmp_path / "objects" / "staging").iterdir()) == []


@pytest.mark.parametrize("at_once", [True, False])
def test_a_full_disk_under_several_is_told(
    objects: FolderObjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    def full(_handle: int) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(volume, "_syncfs", lambda: full if at_once else None)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TongbanError, match="disk-full"):
        objects.put_many([b"a", *(b"b" * size for size in range(1, 9))])
    assert not objects.has(name_of(b"a"))
    assert list((tmp_path / "objects" / "staging").iterdir()) == []


def test_a_failed_flush_of_the_volume_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [(-1, errno.EINTR), (-1, errno.EIO)]

    def call(_handle: int) -> int:
        answer, code = answers.pop(0)
        ctypes.set_errno(code)
        return answer

    monkeypatch.setattr(volume, "_syncfs", lambda: call)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)), volume.Volume(tmp_path) as opened:
        opened.flush([])
    assert not answers


def test_a_race_of_writers_is_harmless(objects: FolderObjects) -> None:
    threads = [threading.Thread(target=objects.put, args=(b"same" * 1000,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert objects.get(name_of(b"same" * 1000)) == b"same" * 1000


def test_leftovers_of_killed_processes_are_swept(objects: FolderObjects, tmp_path: Path) -> None:
    (tmp_path / "objects" / "staging" / "1-dead").write_bytes(b"half")
    assert objects.sweep() == 0
    assert objects.sweep(older_than_seconds=-1) == 1


def test_each_new_object_is_one_durable_write(tmp_path: Path) -> None:
    probe = RecordingProbe()
    store = FolderObjects(tmp_path / "o", probe)
    store.put(b"a")
    store.put(b"a")
    store.put(b"b")
    assert probe.names == ["objects.keep", "objects.keep"]


def test_an_address_chooses_the_kind_of_store(tmp_path: Path) -> None:
    assert isinstance(open_objects(tmp_path / "x", NoProbe()), FolderObjects)
    assert type(open_objects("s3+http://k:s%2F1@127.0.0.1:1/bucket")).__name__ == "S3Objects"


@pytest.mark.parametrize(
    "address",
    [
        "s3://host/bucket",
        "s3://k:s@host",
        "s3://k:s@/bucket",
        "s3://k:s@host/b",
        "s3://k:s@host/Bucket/folder",
    ],
)
def test_an_incomplete_address_is_refused(address: str) -> None:
    with pytest.raises(TongbanError, match="objects-url"):
        open_objects(address)


def test_an_object_service_that_is_down_says_so() -> None:
    import urllib3

    store = open_objects("s3+http://k:s@127.0.0.1:1/bucket")
    store._client._http = urllib3.PoolManager(retries=False, timeout=0.2)  # type: ignore[attr-defined] # no long retries in a test
    with pytest.raises(TongbanError, match="objects-unavailable"):
        store.put(b"x")
