"""What the run tells while it works: a file for the progress pages, lines for the terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from threading import RLock

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hub.demo.plan import Place

PHASES = (
    ("world", "生成示例城市", "make the city"),
    ("keys", "密钥、印章与信任列表", "keys, seals, trust list"),
    ("trust", "互认：交换信任列表、登记节点", "trust lists exchanged, peers registered"),
    ("ingest", "汇聚、标准化、质检、发布", "collect, standardise, check, publish"),
    ("issue", "制证、签发、验签", "issue, seal, verify"),
    ("fetch", "部门用证", "an agency fetches"),
    ("exchange", "跨城用证", "fetches across the border"),
    ("intake", "新生儿出生一件事", "a window case"),
    ("verify", "核验样例与篡改检测", "verify samples, detect tampering"),
    ("audit", "日志核对", "check the log"),
    ("match", "两城日志互证", "match both cities' logs"),
)


@dataclass(slots=True)
class Phase:
    """One line of the board: a phase of a city."""

    region: str
    city: str
    name: str
    zh: str
    en: str
    state: str = "waiting"
    seconds: float = 0.0
    done: int = 0
    total: int = 0


@dataclass(slots=True)
class Board:
    """Phases of all cities; every change is written to each hub's ``progress.json`` at once."""

    places: Sequence[Place]
    console: Console
    phases: list[Phase] = field(default_factory=list)
    finished: bool = False
    ok: bool = False
    lock: RLock = field(default_factory=RLock)
    bars: Progress = field(init=False)

    def __post_init__(self) -> None:
        """Start with every phase waiting."""
        self.phases = [
            Phase(place.region, place.name, *row) for place in self.places for row in PHASES
        ]
        self.bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(20),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        for place in self.places:
            (place.home / "run").mkdir(mode=0o700, parents=True, exist_ok=True)
        self.write()

    @contextmanager
    def phase(self, place: Place, name: str) -> Iterator[Callable[[int, int], None]]:
        """Time a phase of a city; the yielded function takes (done, total)."""
        row = next(item for item in self.phases if (item.region, item.name) == (place.region, name))
        self._change(row, state="running")
        begun = time.monotonic()
        label = f"{place.name}  {row.zh} {row.en}"
        bar = self.bars.add_task(label, total=None)

        def tell(done: int, total: int) -> None:
            self.bars.update(bar, completed=done, total=total)
            spent = round(time.monotonic() - begun, 1)
            self._change(row, done=done, total=total, seconds=spent)

        ended = "failed"
        try:
            yield tell
            ended = "done"
        finally:
            spent = round(time.monotonic() - begun, 1)
            self._change(row, state=ended, seconds=spent)
            self.bars.remove_task(bar)
            mark = "✓" if ended == "done" else "✗"
            self.say(f"{mark} {label}  {spent:.1f} s")

    def seconds(self, region: str) -> dict[str, float]:
        """Return what each phase of a city took."""
        return {row.name: row.seconds for row in self.phases if row.region == region}

    def say(self, line: str) -> None:
        """Print a line above the moving bars."""
        self.console.print(line, soft_wrap=True)

    def end(self, *, ok: bool) -> None:
        """Say that the run is over."""
        self.finished, self.ok = True, ok
        self.write()

    def write(self) -> None:
        """Replace each file as a whole, so that a reader never sees half of it."""
        with self.lock:
            rows = [asdict(row) for row in self.phases]
            body = {"phases": rows, "finished": self.finished, "ok": self.ok}
            text = json.dumps(body, ensure_ascii=False)
            for place in self.places:
                path = place.home / "run" / "progress.json"
                draft = path.with_suffix(".tmp")
                draft.write_text(text, "utf-8")
                draft.replace(path)

    def _change(self, row: Phase, **values: object) -> None:
        with self.lock:
            for name, value in values.items():
                setattr(row, name, value)
            self.write()
