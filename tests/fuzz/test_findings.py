"""What fuzzing found once stays found: every kept input goes through its target again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import targets
from tests.fuzz.seeds import Seeds

KEPT = sorted(path for path in (Path(__file__).parent / "findings").glob("*/*") if path.is_file())


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    return Seeds()


@pytest.mark.parametrize("name", targets.NAMES)
def test_every_target_takes_its_seeds(name: str, seeds: Seeds) -> None:
    good = seeds.of(name)
    assert good
    run = targets.build(name, seeds.trust, good.values())
    for data in good.values():
        run(data)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_finding_stays_mended(path: Path, seeds: Seeds) -> None:
    targets.build(path.parent.name, seeds.trust, ())(path.read_bytes())


def test_a_changed_file_that_passes_would_be_found(seeds: Seeds) -> None:
    run = targets.build("ofd", seeds.trust, ())
    with pytest.raises(targets.FindingError, match="passes"):
        run(seeds.ofd()["sealed"])
