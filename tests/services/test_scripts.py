"""The scripts that start servers stop what they started, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import servers
from tests.servers import SCRIPTS, CannotBeHadError

NAMES = sorted(path.stem for path in SCRIPTS.glob("*.sh") if os.access(path, os.X_OK))


def call(name: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPTS / f"{name}.sh"), *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_is_a_script_for_each_server() -> None:
    assert NAMES == ["airflow", "chromium", "minio", "postgres", "redis", "versitygw"]


@pytest.mark.parametrize("name", NAMES)
def test_a_verb_that_is_none_and_a_folder_that_is_missing_are_told(name: str) -> None:
    for words in (("nonsense",), ("start",), ()):
        done = call(name, *words)
        assert done.returncode == 2
        assert "usage" in done.stderr


@pytest.mark.parametrize("name", ["minio", "postgres", "redis", "versitygw"])
def test_what_is_not_there_is_named_with_its_reason(name: str, tmp_path: Path) -> None:
    for program in (
        "bash",
        "dirname",
        "sort",
        "tail",
        "ls",
        "grep",
        "sed",
        "readlink",
        "id",
        "cat",
    ):
        found = shutil.which(program)
        assert found
        (tmp_path / program).symlink_to(found)
    done = call(name, "version", PATH=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    if name == "postgres" and done.returncode == 0:
        pytest.skip("Debian's PostgreSQL is found without the path")
    assert done.returncode == servers.UNAVAILABLE
    assert "not installed" in done.stdout


def test_stopping_spares_a_process_that_took_over_the_number(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "processes").write_text(f"{stranger.pid} 12345\n")
        assert call("redis", "stop", str(tmp_path)).returncode == 0
        assert stranger.poll() is None
        assert not (tmp_path / "processes").exists()
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.services
def test_a_server_that_was_killed_is_stopped_and_starts_again_on_its_data(tmp_path: Path) -> None:
    from redis import Redis

    try:
        servers.version("redis")
    except CannotBeHadError as reason:
        pytest.skip(str(reason))
    folder = tmp_path / "redis"

    def client() -> Redis:
        lines = (folder / "server.env").read_text().splitlines()
        return Redis.from_url(dict(line.split("=", 1) for line in lines)["url"])

    try:
        assert call("redis", "start", str(folder)).returncode == 0
        assert (folder / "server.env").stat().st_mode & 0o077 == 0
        assert call("redis", "start", str(folder)).returncode == 2
        with client() as first:
            first.set("a", "b")
            first.config_set("appendfsync", "always")
            first.set("c", "d")
        pid = int((folder / "processes").read_text().split()[0])
        os.kill(pid, 9)
        assert call("redis", "stop", str(folder)).returncode == 0
        assert call("redis", "health", str(folder)).returncode != 0
        assert call("redis", "start", str(folder)).returncode == 0
        with client() as second:
            assert second.get("c") == b"d"
    finally:
        assert call("redis", "stop", str(folder)).returncode == 0
    assert not (folder / "processes").exists()
