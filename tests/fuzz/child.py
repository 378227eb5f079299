"""One fuzzing process: ``python -m tests.fuzz.child TARGET WORK CPU_SECONDS`` under libFuzzer.

Ends by itself after the processor time given; a finding ends it at once, its input kept by
libFuzzer as ``WORK/crash-…`` (or ``timeout-…``, ``oom-…``). ``WORK/count.json`` says how far it came.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import atheris  # type: ignore[import-not-found, unused-ignore]  # not a dependency of the product

with atheris.instrument_imports(include=["signing"]):
    from signing.formats.errors import FormatError
    from signing.formats.ofd import package
    from tests.fuzz import targets
    from tests.fuzz.seeds import Seeds

Mutator = Callable[[bytes, int, int], bytes]


def inside(data: bytes, size: int, seed: int) -> bytes:
    """Mutate one file within a package, so that the fuzzer passes the archive's own checks."""
    choice = random.Random(seed)
    if choice.random() < 0.1:
        return bytes(atheris.Mutate(data, size))
    try:
        files = dict(package.read(data, targets.SMALL).files)
    except FormatError:
        return bytes(atheris.Mutate(data, size))
    name = choice.choice([*files])
    files[name] = bytes(atheris.Mutate(files[name], len(files[name]) + 64))
    with contextlib.suppress(ValueError):
        return package.write(tuple(files.items()))
    return data


def counted(target: targets.Target, work: Path, limit: float) -> targets.Target:
    """Return the target that ends the process when its processor time is spent."""
    started, rounds = time.process_time(), 0

    def run(data: bytes) -> None:
        nonlocal rounds
        rounds += 1
        if rounds % 64 == 0 or rounds == 1:
            spent = time.process_time() - started
            note = {"rounds": rounds, "cpu_seconds": round(spent, 1)}
            (work / "count.json").write_text(json.dumps(note), "utf-8")
            if spent > limit:
                os._exit(0)
        target(data)

    return run


def main(name: str, folder: str, seconds: str) -> None:
    """Lay the seeds and fuzz."""
    work, seeds = Path(folder), Seeds()
    begin = work / "corpus"
    begin.mkdir(parents=True, exist_ok=True)
    good = seeds.of(name)
    for label, data in good.items():
        (begin / label).write_bytes(data)
    target = targets.build(name, seeds.trust, good.values())
    mutator: dict[str, Mutator] = {"custom_mutator": inside} if name == "ofd" else {}
    words = [f"-artifact_prefix={work}/", "-timeout=20", "-rss_limit_mb=2048", "-max_len=131072"]
    atheris.Setup(
        [sys.argv[0], *words, str(begin)],
        counted(target, work, float(seconds)),
        **mutator,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:4])
