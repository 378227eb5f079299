"""The Java programs beside this file: built once by Maven into ``var/judges``, then started.

A built program is kept under the digest of its pom and sources. It is one small jar whose manifest
names the libraries in ``lib/`` beside it; nothing is shaded, so that signed jars stay whole.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.judges.opinions import MissingError, last_words, run

HERE = Path(__file__).parent
BUILT = HERE.parents[1] / "var" / "judges"
NEEDED = {"java": "default-jdk-headless", "javac": "default-jdk-headless", "mvn": "maven"}


def pinned(project: str, artifact: str) -> str:
    """Return the version of an artifact that the project's pom asks for."""
    pom = (HERE / project / "pom.xml").read_text("utf-8")
    found = re.search(rf"<artifactId>{artifact}</artifactId>\s*<version>([^<]+)</version>", pom)
    assert found, artifact
    return found[1]


def jar(project: str) -> Path:
    """Return the program's jar, built on first use; raises MissingError without Java or Maven."""
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            raise MissingError(f"{program} is not installed (Debian: {package})")
    target = BUILT / f"{project}-{_digest(HERE / project)}"
    if not (target / "judge.jar").is_file():
        _build(HERE / project, target)
    return target / "judge.jar"


def lines(program: Path, main: str, *arguments: str | Path) -> list[dict[str, object]]:
    """Start a main class in an empty temporary folder and return its JSON lines.

    The folder is given to the JVM as its own, because one library unpacks what it reads there.
    """
    with tempfile.TemporaryDirectory(prefix="judge-") as empty:
        options = (f"-Djava.io.tmpdir={empty}", "-Xmx512m", "-XX:+UseSerialGC")
        done = run("java", *options, "-cp", program, f"judges.{main}", *arguments)
    if done.returncode:
        raise AssertionError(f"{program.parent.name} {main}: {last_words(done)}")
    return [json.loads(line) for line in done.stdout.decode("ascii").splitlines()]


def _digest(project: Path) -> str:
    total = hashlib.sha256()
    for path in _sources(project):
        total.update(path.relative_to(project).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def _sources(project: Path) -> Iterable[Path]:
    return [project / "pom.xml", *sorted((project / "src").rglob("*.java"))]


def _build(project: Path, target: Path) -> None:
    """Build in a folder of its own; the renaming at the end makes it appear whole or not at all."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=BUILT) as scratch:
        work = Path(scratch) / project.name
        for path in _sources(project):
            copy = work / path.relative_to(project)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        command = ["mvn", "-q", "-B", "-f", str(work / "pom.xml"), "package"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
        if done.returncode:
            raise AssertionError(f"Maven cannot build {project.name}:\n{done.stdout[-2000:]}")
        made = Path(scratch) / "made"
        made.mkdir()
        (work / "target" / "judge.jar").replace(made / "judge.jar")
        (work / "target" / "lib").replace(made / "lib")
        for stale in BUILT.glob(f"{project.name}-*"):
            shutil.rmtree(stale)
        made.replace(target)
