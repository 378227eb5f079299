"""What the run tells while it works: a file for the progress page, lines for the terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock

from rich.console import Console

PHASES = (
    ("world", "生成示例城市", "make the city"),
    ("keys", "密钥、印章与信任列表", "keys, seals, trust list"),
    ("ingest", "汇聚、标准化、质检、发布", "collect, standardise, check, publish"),
    ("issue", "制证、签发、验签", "issue, seal, verify"),
    ("fetch", "部门用证", "an agency fetches"),
    ("intake", "新生儿出生一件事", "a window case"),
    ("verify", "核验样例与篡改检测", "verify samples, detect tampering"),
    ("audit", "日志核对", "check the log"),
)


@dataclass(slots=True)
class Phase:
    """One line of the board."""

    name: str
    zh: str
    en: str
    state: str = "waiting"
    seconds: float = 0.0
    done: int = 0
    total: int = 0


@dataclass(slots=True)
class Board:
    """Phases with their state; every change is written to ``progress.json`` at once."""

    path: Path
    console: Console
    phases: list[Phase] = field(default_factory=list)
    finished: bool = False
    ok: bool = False
    lock: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        """Start with every phase waiting."""
        self.phases = [Phase(*row) for row in PHASES]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.write()

    @contextmanager
    def phase(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Time a phase; the yielded function takes (done, total)."""
        row = next(item for item in self.phases if item.name == name)
        row.state = "running"
        self.write()
        begun = time.monotonic()

        status = self.console.status(f"{row.zh} {row.en}")

        def tell(done: int, total: int) -> None:
            row.done, row.total, row.seconds = done, total, round(time.monotonic() - begun, 1)
            status.update(f"{row.zh} {row.en}  {done:,} / {total:,}")
            self.write()

        try:
            with status:
                yield tell
        except BaseException:
            row.state = "failed"
            raise
        else:
            row.state = "done"
        finally:
            row.seconds = round(time.monotonic() - begun, 1)
            self.write()
            mark = "✓" if row.state == "done" else "✗"
            self.console.print(f"{mark} {row.zh} {row.en}  {row.seconds:.1f} s")

    def end(self, *, ok: bool) -> None:
        """Say that the run is over."""
        self.finished, self.ok = True, ok
        self.write()

    def write(self) -> None:
        """Replace the file as a whole, so that a reader never sees half of it."""
        with self.lock:
            rows = [
                {
                    "name": row.name,
                    "zh": row.zh,
                    "en": row.en,
                    "state": row.state,
                    "seconds": row.seconds,
                    "done": row.done,
                    "total": row.total,
                }
                for row in self.phases
            ]
            body = {"phases": rows, "finished": self.finished, "ok": self.ok}
            draft = self.path.with_suffix(".tmp")
            draft.write_text(json.dumps(body, ensure_ascii=False), "utf-8")
            draft.replace(self.path)
