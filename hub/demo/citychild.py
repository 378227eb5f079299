"""A process for each city, so that two cities work on two cores: both ends of the line to it.

``python -m hub.demo.citychild PLACE FD`` takes the city as JSON and reads one order ``{"do",
"given"}`` a line. To the descriptor FD it writes, a line each, how far it is, then the result or
the failure. It ends with its standard input, and everything it started ends with it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hub.demo.plan import Place
from hub.errors import Code
from hub.faults import where
from kernel.errors import TongbanError

Tell = Callable[[int, int], None]
_STOP_SECONDS = 25.0


class CityChild:
    """The conductor's end. One order at a time."""

    def __init__(self, place: Place) -> None:
        """Start the process of a city."""
        self.place = place
        self.log = place.home / "run" / "city.log"
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        read, write = os.pipe()
        words = ["-m", "hub.demo.citychild", json.dumps(place.to_json()), str(write)]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, *words],
                cwd=Path(__file__).resolve().parents[2],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(write,),
                start_new_session=True,
            )
        os.close(write)
        self._lines = os.fdopen(read, encoding="utf-8")

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._child.pid

    def call(self, verb: str, tell: Tell | None = None, **given: object) -> Any:
        """Give an order and wait for its result; ``tell`` hears how far it is.

        Raises the TongbanError that the city's process met, or ``demo-city-ended``.
        """
        assert self._child.stdin is not None
        order = json.dumps({"do": verb, "given": given}, ensure_ascii=False)
        with suppress(OSError, ValueError):
            self._child.stdin.write(order.encode() + b"\n")
            self._child.stdin.flush()
        for line in self._lines:
            event = json.loads(line)
            if "failed" in event:
                raise TongbanError(event["failed"], **event["params"])
            if "result" in event:
                return event["result"]
            if tell is not None:
                tell(*event["tell"])
        city = self.place.title
        raise TongbanError(Code.DEMO_CITY_ENDED, city=city, step=verb, log=str(self.log))

    def kill(self) -> None:
        """End it at once; whoever waits for it is told that it ended."""
        self._child.kill()

    def close(self) -> None:
        """Let it stop what it started, and wait for it."""
        with suppress(OSError):
            if self._child.stdin is not None:
                self._child.stdin.close()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._lines.close()


def main(place: str, descriptor: str) -> None:
    """Do what each line of the standard input says."""
    from hub.demo.desk import Desk

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the conductor's to answer
    with os.fdopen(int(descriptor), "w", encoding="utf-8", buffering=1) as report:

        def say(**event: object) -> None:
            report.write(json.dumps(event, ensure_ascii=False) + "\n")

        def tell(done: int, total: int) -> None:
            say(tell=[done, total])

        with Desk(Place.from_json(json.loads(place)), tell) as desk:
            for line in sys.stdin:
                order = json.loads(line)
                try:
                    say(result=desk.verbs[order["do"]](**order["given"]))
                except TongbanError as error:
                    say(failed=error.code, params=dict(error.params))
                except Exception as error:  # noqa: BLE001 - its text may quote data
                    sys.stderr.write(f"{type(error).__name__}  {where(error)}\n")
                    say(failed=Code.INTERNAL, params={"trace": "-"})


if __name__ == "__main__":
    main(*sys.argv[1:3])
