"""Files are renewed before their proof ends: found by dates, raised, recorded, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from certificates import archive_store
from certificates.verify import Kinship
from hub.archiving import Due, Keeper, Reason, Way
from hub.commands import build
from hub.wiring import Hub
from kernel.errors import TongbanError
from signing.archiving import ends, last_day
from signing.policies import load as policy
from signing.verify import inspect, judge
from tests.certificates.test_register import PUBLIC
from tests.hub.sealed import issued, originals, sealed
from tests.hub.test_stamping import OWN, events

HALF_YEAR = timedelta(days=180)
LTA = {**OWN, "pdf_level": "B-LTA"}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with sealed(tmp_path / "hub", **LTA) as hub:
        yield hub


def later(hub: Hub, **span: float) -> None:
    hub.clock.advance(**span)  # type: ignore[attr-defined] # a fixed clock in tests


def due(hub: Hub, within: timedelta = HALF_YEAR) -> list[Due]:
    with closing(Keeper(hub)) as keeper:
        return sorted(keeper.due(within), key=lambda item: item.file.format)


def command(hub: Hub, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    @contextmanager
    def opened(_settings: object) -> Iterator[Hub]:
        yield hub

    with monkeypatch.context() as changed:
        changed.setattr("hub.wiring.open_hub", opened)
        home = str(hub.settings.root)
        return CliRunner().invoke(build(), ["archive", *words, "--home", home])


def test_years_later_files_are_found_renewed_and_hold_beyond_the_old_authority(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = issued(hub)
    before = originals(hub, one)
    assert due(hub) == []
    later(hub, days=365 * 5 - 100)
    ofd, pdf = due(hub)
    assert (pdf.way, pdf.reason, pdf.level) == (Way.RENEW, Reason.CERTIFICATE, "B-LTA")
    assert (ofd.way, ofd.reason, ofd.level) == (Way.REGISTER, Reason.CERTIFICATE, "B-T")
    done = command(hub, monkeypatch, "renew", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["renewed"], said["register"], said["failed"]) == ({"B-LTA": 1}, 1, {})
    after = originals(hub, one)
    assert after["ofd"] == before["ofd"]
    assert after["pdf"].startswith(before["pdf"]), "an update behind what was there"
    later(hub, days=3 * 365)
    trust = hub.trust.trust(hub.clock.now())
    for name in ("certificate", "archive"):
        verdict = judge(inspect(after["pdf"]), policy(name), trust, hub.clock.now())
        assert verdict.passed, verdict.to_json()
        assert verdict.signatures[0].level == "B-LTA"
    assert [item.file.format for item in due(hub, timedelta(0))] == ["ofd"]
    (told,) = events(hub, "certificates.archived")
    assert told.subject == one.id
    assert b'"reason":"certificate-ends"' in told.body


def test_the_old_bytes_are_kept_and_still_the_original(hub: Hub) -> None:
    one = issued(hub)
    old = originals(hub, one)["pdf"]
    later(hub, days=365 * 5 - 100)
    with closing(Keeper(hub)) as keeper:
        pdf = next(item for item in keeper.due(HALF_YEAR) if item.way is Way.RENEW)
        assert keeper.renew(pdf, HALF_YEAR) == "B-LTA"
        with pytest.raises(TongbanError, match="original-changed"):
            keeper.renew(pdf, HALF_YEAR)
    assert hub.objects.get(pdf.file.digest) == old
    former = hub.database.transactions.read(lambda tx: archive_store.former(tx, one.id))
    assert former == {pdf.file.digest}
    for data in (old, originals(hub, one)["pdf"]):
        found = hub.verify.file(PUBLIC, data)
        assert found.kinship is Kinship.ORIGINAL
        assert found.judgement.passed, found.judgement.codes


def test_the_end_of_an_algorithm_is_data(hub: Hub) -> None:
    issued(hub)
    assert due(hub) == []
    folder = hub.settings.root / "registry" / "signing" / "lifetimes"
    folder.mkdir(parents=True)
    rows = folder / "city.toml"
    rows.write_text('[[last_day]]\nkey = "p256"\nday = "2026-06-30"\nsource = "order"\n')
    (pdf,) = due(hub)
    assert (pdf.reason, pdf.way, pdf.file.format) == (Reason.ALGORITHM, Way.RENEW, "pdf")
    assert pdf.to_json()["ends"] == "2026-07-01T00:00:00.000Z"
    rows.write_text("[[last_day]]\nkey = 1\n")
    with pytest.raises(TongbanError, match=r"lifetimes-unreadable.*city"):
        due(hub)


def test_rsa_keys_live_as_long_as_the_next_smaller_size() -> None:
    days = ends()
    assert last_day("rsa-2048", days) == last_day("rsa-2560", days) == days["rsa-2048"]
    assert last_day("rsa-4096", days) == days["rsa-3072"]
    assert last_day("rsa-512", days) is None
    assert last_day("sm2", days) is None


def test_what_went_out_without_a_stamp_is_raised_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sealed(tmp_path / "hub") as hub:
        one = issued(hub)
    with sealed_again(tmp_path / "hub") as hub:
        later(hub, days=1)
        assert {(item.file.format, item.reason, item.way) for item in due(hub)} == {
            ("pdf", Reason.LEVEL, Way.RENEW),
            ("ofd", Reason.LEVEL, Way.RENEW),
        }
        shown = command(hub, monkeypatch, "list")
        assert shown.exit_code == 0
        assert "可续 / to renew 2" in shown.stdout
        part = json.loads(command(hub, monkeypatch, "renew", "--limit", "1", "--json").stdout)
        assert sum(part["renewed"].values()) == 1
        rest = command(hub, monkeypatch, "renew")
        assert rest.exit_code == 0
        assert "已续 / renewed B-" in rest.stdout
        assert due(hub) == []
        for data in originals(hub, one).values():
            trust = hub.trust.trust(hub.clock.now())
            verdict = judge(inspect(data), policy("certificate"), trust, hub.clock.now())
            assert verdict.passed, verdict.to_json()
            assert verdict.signatures[0].time_source == "timestamp"


@contextmanager
def sealed_again(home: Path) -> Iterator[Hub]:
    """Open the same hub, which now stamps time."""
    from hub.settings import load
    from hub.wiring import open_hub
    from kernel.clock import FixedClock
    from tests.hub.sealed import NOON

    given = load(home=home, environment="test", worker=False, **LTA)
    with open_hub(given, clock=FixedClock(NOON)) as hub:
        yield hub


def test_without_anybody_who_stamps_nothing_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sealed(tmp_path / "hub") as hub:
        one = issued(hub)
        before = originals(hub, one)
        later(hub, days=300)
        done = command(hub, monkeypatch, "renew", "--within", "3000")
        assert done.exit_code != 0
        assert "TONGBAN_TIME_STAMPS" in done.stderr
        assert originals(hub, one) == before


def test_a_proof_that_would_end_no_later_is_not_put_in(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = issued(hub)
    before = originals(hub, one)
    later(hub, days=100)
    done = command(hub, monkeypatch, "renew", "--within", "3000", "--json")
    assert json.loads(done.stdout)["renewed"] == {"B-LTA": 1}, "by a certificate that lasts longer"
    once = originals(hub, one)
    assert once != before
    keys = hub.signer.client.all_keys()
    later(hub, days=10)
    done = command(hub, monkeypatch, "renew", "--within", "3000", "--json")
    assert hub.signer.client.all_keys() == keys, "no key for so little"
    assert done.exit_code == 1
    assert json.loads(done.stdout)["failed"] == {"archive-no-gain": 1}
    assert originals(hub, one) == once


def test_an_interruption_goes_on_with_the_next_run(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    issued(hub)
    later(hub, days=365 * 5 - 100)
    with monkeypatch.context() as changed:
        changed.setattr(Keeper, "renew", interrupted)
        done = command(hub, monkeypatch, "renew")
    assert done.exit_code == 130
    assert "Traceback" not in done.output
    assert json.loads(command(hub, monkeypatch, "list", "--json").stdout)["within_days"] == 180
    assert command(hub, monkeypatch, "renew").exit_code == 0


def test_strangers_renew_nothing(hub: Hub) -> None:
    issued(hub)
    with closing(Keeper(hub, PUBLIC)) as keeper, pytest.raises(TongbanError, match="not-permitted"):
        list(keeper.due(HALF_YEAR))
