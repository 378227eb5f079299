"""The web process: uvicorn over the application, the worker beside it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from hub.faults import told
from hub.portcheck import check_free
from hub.settings import Settings, load
from hub.tls import tls_files


def serve(settings: Settings, *, with_parent: bool = False) -> int:
    """Serve until SIGTERM or SIGINT; with ``with_parent`` also until standard input ends.

    Raises TongbanError where the port is not free, the TLS files or the database cannot be used or,
    in production, the signer does not start.
    """
    import uvicorn

    from hub.app import build_app
    from hub.wiring import open_hub
    from hub.worker import Worker

    check_free(settings.host, settings.port)
    certificate, key = tls_files(settings)
    with open_hub(settings) as hub:
        if settings.environment == "production":
            # a hub that cannot sign must not look as if it worked
            hub.signer.start()
        server = uvicorn.Server(
            uvicorn.Config(
                build_app(hub),
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
                ssl_certfile=certificate,
                ssl_keyfile=key,
            )
        )
        _end_by_signal(server)
        worker = Worker(hub, shared=settings.worker)
        worker.start()
        if with_parent:
            threading.Thread(target=_watch, args=(server,), daemon=True).start()
        try:
            server.run()
        finally:
            worker.stop()
    return 0 if server.started else 4


def _end_by_signal(server: object) -> None:
    """Let signals end the server and nothing else.

    uvicorn raises a signal again once it has shut down; without a handler of ours that would end
    the process before the worker gave its lease back and the signer was stopped.
    """

    def end(*_: object) -> None:
        server.should_exit = True  # type: ignore[attr-defined]  # uvicorn.Server, imported late

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)


def _watch(server: object) -> None:
    while os.read(0, 4096):
        pass
    server.should_exit = True  # type: ignore[attr-defined]  # uvicorn.Server, imported late


@told()
def main(words: Sequence[str] | None = None) -> int:
    """Read the arguments of ``python -m hub.serve``; all else comes from the environment."""
    parser = argparse.ArgumentParser(prog="python -m hub.serve", description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--with-parent", action="store_true", help="end with standard input")
    arguments = parser.parse_args(words)
    settings = load(home=arguments.home, port=arguments.port)
    return serve(settings, with_parent=arguments.with_parent)


if __name__ == "__main__":
    sys.exit(main())
