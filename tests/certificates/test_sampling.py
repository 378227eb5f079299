"""Which files of a batch get the full verdict is data, and the data are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from certificates.sampling import Sampling, load
from kernel.errors import TongbanError


def test_the_default_takes_the_first_of_both_formats_and_more_of_each() -> None:
    chosen = load().of(200)
    assert {0, 1} <= chosen
    assert {place % 2 for place in chosen - {0, 1}} == {0, 1}
    assert load().of(1) == {0}
    assert load().of(0) == set()


def test_a_hub_lays_its_own_policy_over_the_default(tmp_path: Path) -> None:
    folder = tmp_path / "registry" / "certificates" / "policies"
    folder.mkdir(parents=True)
    own = folder / "batch.toml"
    own.write_text("[full_verdict]\nfirst = 4\nevery = 1\n", "utf-8")
    assert load(tmp_path) == Sampling(4, 1)
    assert load(tmp_path).of(7) == set(range(7))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[full_verdict]\nfirst = 2\n",
        "[full_verdict]\nfirst = 1\nevery = 9\n",
        "[full_verdict]\nfirst = 2\nevery = 0\n",
        "[full_verdict]\nfirst = true\nevery = 9\n",
        "[full_verdict]\nfirst = 2.5\nevery = 9\n",
        'full_verdict = "all"\n',
        "[full_verdict\n",
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "registry" / "certificates" / "policies"
    folder.mkdir(parents=True)
    (folder / "batch.toml").write_text(text, "utf-8")
    with pytest.raises(TongbanError, match="sampling-invalid"):
        load(tmp_path)
