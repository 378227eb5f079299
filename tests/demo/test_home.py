"""A city's home says itself what it is, so that a command needs its folder alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.demo import city
from hub.demo.plan import Options, places
from hub.settings import load
from kernel.errors import TongbanError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "REGION", "CITY", "PORT", "ENVIRONMENT"):
        monkeypatch.delenv(f"TONGBAN_{name}", raising=False)


def test_a_command_finds_region_name_and_port_in_the_home(tmp_path: Path) -> None:
    place = places(Options(tmp_path, 300, 7, 8600, once=True))[1]
    city.found(place)
    settings = load(home=place.home)
    assert (settings.region, settings.city, settings.port) == ("410300", "洛阳市", 8601)
    assert settings.address == "http://127.0.0.1:8601"
    assert settings.root == place.home


def test_arguments_and_environment_win_over_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hub.env").write_text("TONGBAN_REGION=410300\nTONGBAN_PORT=8601\n", "utf-8")
    monkeypatch.setenv("TONGBAN_PORT", "8700")
    settings = load(home=tmp_path, region="410200")
    assert (settings.region, settings.port) == ("410200", 8700)


def test_a_home_that_was_moved_is_where_it_lies_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "TONGBAN_HOME=/nowhere\nTONGBAN_REGION=410300\nSOMETHING_ELSE=1\n"
    (tmp_path / "hub.env").write_text(text, "utf-8")
    monkeypatch.setenv("TONGBAN_HOME", str(tmp_path))
    settings = load()
    assert (settings.root, settings.region) == (tmp_path, "410300")


def test_a_value_in_the_home_that_does_not_fit_is_named(tmp_path: Path) -> None:
    (tmp_path / "hub.env").write_text("TONGBAN_REGION=洛阳\n", "utf-8")
    with pytest.raises(TongbanError) as told:
        load(home=tmp_path)
    assert told.value.code == "setting-invalid"
    assert "TONGBAN_REGION" in told.value.params["names"]
