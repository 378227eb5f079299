"""Inspection in a process of its own: nothing a file does reaches the caller."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from signing.fence import Fence, FenceLimits, inspect_fenced
from signing.verify import inspect

from .conftest import unsealed_files


@pytest.fixture(scope="module")
def fence() -> object:
    with Fence(workers=1) as made:
        yield made


def test_fenced_evidence_is_the_same_evidence(fence: Fence, sealed: bytes) -> None:
    assert fence.inspect(sealed, "a.ofd") == inspect(sealed, "a.ofd")


def test_one_worker_serves_many_files(fence: Fence, sealed: bytes, unsealed: bytes) -> None:
    for data in (sealed, unsealed, b"", b"junk", sealed):
        assert fence.inspect(data) == inspect(data)


def test_a_sparse_file_of_two_gigabytes_is_refused_unread(fence: Fence, tmp_path: Path) -> None:
    big = tmp_path / "big.ofd"
    with big.open("wb") as handle:
        os.truncate(handle.fileno(), 2 * 1024**3)
    found = fence.inspect(big, "big.ofd")
    assert [item.code for item in found.observations] == ["E_RESOURCE_LIMIT"]
    assert found.size == 2 * 1024**3


def test_time_that_runs_out_is_a_verdict(sealed: bytes) -> None:
    with Fence(limits=FenceLimits(wall_seconds=0.001)) as hasty:
        for _ in range(2):
            found = hasty.inspect(sealed, "a.ofd")
            assert [item.code for item in found.observations] == ["E_RESOURCE_LIMIT"]


def test_memory_that_runs_out_is_a_verdict() -> None:
    from signing.formats.ofd import package

    large = package.write([*unsealed_files(), ("x", bytes(30 * 1024**2))])
    with Fence(limits=FenceLimits(memory_bytes=40 * 1024**2)) as small:
        found = small.inspect(large, "a.ofd")
        assert [item.code for item in found.observations] == ["E_RESOURCE_LIMIT"]


def test_a_new_process_takes_over_after_a_death(sealed: bytes) -> None:
    with Fence(limits=FenceLimits(files_per_worker=1)) as tired:
        assert tired.inspect(sealed) == inspect(sealed)
        assert tired.inspect(sealed) == inspect(sealed)


def test_one_file_alone(sealed: bytes) -> None:
    assert inspect_fenced(sealed) == inspect(sealed)


def test_a_missing_file_is_the_callers_error(fence: Fence, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        fence.inspect(tmp_path / "none")


def test_nothing_is_written_by_the_inspector(fence: Fence, tmp_path: Path) -> None:
    from signing.formats.ofd import package

    fence.inspect(package.write([*unsealed_files(), ("x/evil", b"1")]))
    assert not list(tmp_path.iterdir())
