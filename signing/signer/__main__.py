"""``python -m signing.signer --home FOLDER``: runs the signer until it is told to stop."""

from __future__ import annotations

import argparse
import fcntl
import os
import resource
import signal
import sqlite3
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import structlog

from kernel.clock import SystemClock
from kernel.errors import TongbanError, load_messages
from signing.algorithms import by_name
from signing.keystores import Options, names
from signing.keystores.routed import KeyDevice, open_stores
from signing.signer.desk import Desk
from signing.signer.ledger import FILE, Ledger
from signing.signer.place import socket_path
from signing.signer.server import SignerServer
from storage.probe import NoProbe, parse

KILL = "TONGBAN_KILL_SIGNER"
"""Environment variable: stops the signer around a durable write, as ``storage.probe`` describes."""
_FAILED = 4
"""Exit code where the environment is at fault, as for every command of the hub."""


def main(words: Sequence[str] | None = None) -> int:
    """Run until SIGTERM, SIGINT or, with ``--with-parent``, the end of standard input."""
    arguments = _parser().parse_args(words)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    # No core file and no debugger of the same user may read the keys out of memory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _run(arguments)
    except (TongbanError, OSError, sqlite3.Error) as failure:
        error = failure if isinstance(failure, TongbanError) else TongbanError("signer-storage")
        message = load_messages("signing")[error.code]
        sys.stderr.write(f"{message.text(error.params)}\n{message.next_step(error.params)}\n")
        sys.stdout.write(f"failed:{error.code}\n")
        return _FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m signing.signer", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of the hub's data")
    parser.add_argument("--environment", default="production", help="demo, test or production")
    parser.add_argument("--keystore", default="encrypted_file", choices=names())
    parser.add_argument("--password-file", type=Path, help="password of the file, or the PIN")
    parser.add_argument("--module", type=Path, help="library of the key device (PKCS#11)")
    parser.add_argument("--token", default="", help="label of the token (PKCS#11)")
    parser.add_argument(
        "--device",
        action="append",
        default=[],
        nargs=5,
        metavar=("FAMILY", "KIND", "PIN_FILE", "MODULE", "TOKEN"),
        help="device that makes the keys of a family: sm2 sdf … or p256 pkcs11 …",
    )
    parser.add_argument("--with-parent", action="store_true", help="end with standard input")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    home: Path = arguments.home
    path = socket_path(home)
    with ExitStack() as closing:
        _lock(path.with_suffix(".lock"), closing)
        by_name("sm2_sm3")  # its self-test stops the set-up here rather than at the first seal
        options = Options(
            home=home,
            environment=arguments.environment,
            password_file=arguments.password_file,
            module=arguments.module,
            token=arguments.token,
        )
        devices = [KeyDevice.read(words) for words in arguments.device]
        keys = open_stores(arguments.keystore, options, devices)
        wanted = os.environ.get(KILL, "")
        ledger = Ledger(home / FILE, SystemClock(), parse(wanted) if wanted else NoProbe())
        closing.callback(ledger.close)
        server = SignerServer(path, Desk(keys, ledger))
        closing.callback(server.server_close)
        closing.callback(path.unlink, missing_ok=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: _stop(server))
        if arguments.with_parent:
            threading.Thread(target=_watch, args=(server,), daemon=True).start()
        server.serve_forever(poll_interval=0.2)


def _lock(path: Path, closing: ExitStack) -> None:
    """Hold the folder for this process; raises TongbanError ``signer-running``."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    closing.callback(os.close, handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise TongbanError("signer-running") from error


def _watch(server: SignerServer) -> None:
    while os.read(0, 4096):
        pass
    server.shutdown()


def _stop(server: SignerServer) -> None:
    # shutdown() waits for the loop that this signal interrupted, hence a thread.
    threading.Thread(target=server.shutdown, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
