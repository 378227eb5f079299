"""A city other than 410100: its own bodies, types, matters and deliveries, from the generator."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from catalog import sources
from certificates import matters, typebook
from examples import world
from examples.world import Truth, entered, install, service
from examples.world.__main__ import main
from examples.world.install import lay
from examples.world.places import regions
from examples.world.region import credit_code
from identity.directory import load_directory
from kernel.clock import FixedClock
from kernel.errors import Refused
from quality.service import Standards
from storage.probe import NoProbe
from tests.catalog.rig import build

DAY = date(2026, 3, 2)
REGION = "410300"
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("luoyang")
    install(home, residents=400, region=REGION, as_of=DAY, further=("real-estate",))
    return home


def test_every_body_has_a_sound_code_of_the_region_and_a_name_of_its_own(home: Path) -> None:
    own = load_directory(region=REGION, home=home).orgs
    default = load_directory(region="410100").orgs
    standards = Standards.load(home)
    assert own.keys() == default.keys()
    for key, org in own.items():
        assert standards.read("credit_code", org.code).ok, key
        assert org.code[2:8] == REGION
        assert org.code == credit_code(default[key].code, REGION)
        assert org.division == REGION
    assert own["gaj"].name == "示例洛阳市公安局"
    assert not {org.code for org in own.values()} & {org.code for org in default.values()}


def test_types_matters_and_sources_name_the_regions_bodies(home: Path, tmp_path: Path) -> None:
    orgs = load_directory(region=REGION, home=home).orgs
    codes = {org.code for org in orgs.values()}
    lay(tmp_path, as_of=DAY, further=("real-estate",))
    defaults = typebook.load(tmp_path)
    for kind in typebook.load(home):
        assert kind.area_code == REGION
        assert {kind.issuing_code, *kind.issuers} <= codes
        assert kind.issuing_org in {org.name for org in orgs.values()}
        # the type itself is the state's: its code is the same in every city
        assert kind.code == defaults[kind.name].code
    assert matters.load(typebook.load(home), home)
    for file in (home / "registry" / "certificates" / "matters").iterdir():
        raw = tomllib.loads(file.read_text("utf-8"))
        assert raw["org"] in codes
        assert raw["code"].startswith(raw["org"])
    for source in sources.load(home).values():
        assert source.org in codes
        assert "示例洛阳市" in source.about.provider


def test_the_city_is_ingested_and_its_seeded_faults_alone_are_refused(
    tmp_path: Path, clock: FixedClock
) -> None:
    truth = install(tmp_path, residents=400, region=REGION, as_of=DAY, further=("real-estate",))
    rig = build(tmp_path, clock, NoProbe())
    known = sources.load(tmp_path)
    rig = replace(rig, ingest=replace(rig.ingest, sources=known))
    assert set(known) == {"ga-population", "mz-marriage", "zr-real-estate"}
    for source in sources.in_order(known):
        outcome = rig.ingest.run(rig.actor, source.name)
        assert not isinstance(outcome, Refused)
        assert outcome.counts.reconciled
        assert outcome.counts.rows_in == truth.rows(source.name)
        assert outcome.counts.published == truth.published(source.name)
    row = next(iter(rig.catalog.rows.scan("real-estate")))
    assert "洛阳市" in row.values["certificate_no"]


def test_the_home_region_keeps_the_packages_defaults(tmp_path: Path) -> None:
    install(tmp_path, residents=100, as_of=DAY)
    assert not (tmp_path / "registry" / "certificates").exists()
    assert not (tmp_path / "registry" / "identity").exists()


@pytest.mark.parametrize(
    ("region", "city", "other"), [("410200", "开封市", "411700"), ("411700", "驻马店市", "410200")]
)
def test_one_command_lays_a_third_city_into_a_hubs_home(
    tmp_path: Path, region: str, city: str, other: str
) -> None:
    arguments = ["--home", str(tmp_path), "--region", region, "--residents", "300"]
    arguments += ["--as-of", "2026-03-02", "--departments", "all", "--neighbours", other]
    assert main([*arguments, "--enterprises", "40"]) == 0
    assert load_directory(region=region, home=tmp_path).orgs["gaj"].name == f"示例{city}公安局"
    assert sources.load(tmp_path).keys() >= {"sc-enterprises", "zr-real-estate"}
    settings = dict(line.split("=") for line in (tmp_path / "hub.env").read_text().splitlines())
    assert settings == {
        "TONGBAN_HOME": str(tmp_path),
        "TONGBAN_REGION": region,
        "TONGBAN_CITY": city,
        "TONGBAN_ENVIRONMENT": "demo",
    }
    truth = Truth.read(tmp_path / "inbox" / "truth.json")
    shared = {baby.mother_region for baby in truth.babies}
    assert shared == {region, other}
    secrets = [path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()]
    assert secrets == [0o600] * 3


def test_a_region_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(tmp_path), "--region", "999999"]) == 2
    assert "999999" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("region", regions())
def test_every_prefecture_of_the_division_table_can_have_a_city(
    tmp_path: Path, region: str
) -> None:
    truth = install(tmp_path, residents=60, region=region, as_of=DAY)
    orgs = load_directory(region=region, home=tmp_path).orgs
    assert {org.code[2:8] for org in orgs.values()} == {region}
    assert {kind.area_code for kind in typebook.load(tmp_path)} == {region}
    assert sources.load(tmp_path)["ga-population"].org == orgs["gaj"].code
    assert truth.files[0].name == f"rkjbxx_{region}_1.csv"


def test_the_readme_names_every_option_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(world.__file__).parent / "README.md").read_text("utf-8")
    there: set[str] = set()
    for command in (main, service.main, entered.main):
        with pytest.raises(SystemExit):
            command(["--help"])
        out = re.sub(r"-\n\s*", "-", capsys.readouterr().out)
        there |= set(OPTION.findall(out))
    named = set(OPTION.findall(text))
    assert named - there == {"--port"}  # of tongban web
    assert there - named == {"--help", "--out", "--failing-page"}
