"""The warm child: ``python -m quality.gx.serve --socket PATH`` (or ``--once`` on standard input).

One job per connection: JSON in, JSON out. The socket belongs to its owner alone; the child ends
with its parent.
"""

from __future__ import annotations

import argparse
import os
import socket as sockets
import sys
from collections.abc import Callable
from pathlib import Path

from quality.gates import GateJob, GateResult, Outcome, child_environment

_LARGEST = 16 * 1024 * 1024
_LOOK_UP = 2.0
_PATIENCE = 30.0

Runner = Callable[[GateJob], GateResult]


def main(arguments: list[str]) -> int:
    """Serve until the parent ends, or answer one job."""
    parser = argparse.ArgumentParser(prog="python -m quality.gx.serve", description=__doc__)
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--socket", type=Path)
    choice.add_argument("--once", action="store_true")
    options = parser.parse_args(arguments)
    answers = os.dup(1)
    # whatever the library prints must not end up between the bytes of an answer
    os.dup2(2, 1)
    os.environ.update(child_environment())
    if options.once:
        text = sys.stdin.buffer.read().decode()
        with os.fdopen(answers, "wb") as out:
            out.write(answer(text, runner()).to_json().encode())
        return 0
    os.close(answers)
    serve(options.socket, runner())
    return 0


def runner() -> Runner:
    """Import the library, which takes seconds, and return what runs a job."""
    from quality.gx.run import run

    return run


def answer(text: str, run: Runner) -> GateResult:
    """Run one job given as JSON; anything that breaks becomes the outcome ``error``.

    Only the kind of exception is told: its text may quote the data.
    """
    try:
        return run(GateJob.from_json(text))
    except Exception as error:  # noqa: BLE001 the fence: no failure may look like bad data
        return GateResult(Outcome.ERROR, reason=type(error).__name__)


def serve(path: Path, run: Runner) -> None:
    """Listen at ``path`` until the parent is gone."""
    parent = os.getppid()
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as door:
        before = os.umask(0o177)
        try:
            door.bind(str(path))
        finally:
            os.umask(before)
        door.listen(8)
        door.settimeout(_LOOK_UP)
        while os.getppid() == parent:
            try:
                line, _ = door.accept()
            except TimeoutError:
                continue
            with line:
                _converse(line, run)
    path.unlink(missing_ok=True)


def _converse(line: sockets.socket, run: Runner) -> None:
    line.settimeout(_PATIENCE)
    try:
        received = bytearray()
        while chunk := line.recv(65536):
            received += chunk
            if len(received) > _LARGEST:
                return
        line.sendall(answer(bytes(received).decode(errors="replace"), run).to_json().encode())
    except OSError:
        # the other side went away; its evaluate() reports an error of its own
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
