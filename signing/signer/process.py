"""Starts the signer as a process of its own, and finds one that runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from kernel.errors import TongbanError
from signing.keystores.routed import KeyDevice
from signing.signer.client import SignerClient
from signing.signer.place import socket_path
from signing.signer.server import SignerServer

__all__ = ["KeyDevice", "SignerClient", "SignerProcess", "SignerServer", "SignerSetup", "ensure"]

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class SignerSetup:
    """What a signer is started with: the arguments of ``python -m signing.signer``."""

    home: Path
    environment: str
    keystore: str = "demo"
    password_file: Path | None = None
    module: Path | None = None
    token: str = ""
    devices: tuple[KeyDevice, ...] = ()
    """Devices that make the keys of a family in place of ``keystore``."""

    def arguments(self) -> list[str]:
        """Return the command line."""
        words = [sys.executable, "-m", "signing.signer", "--home", str(self.home.absolute())]
        words += ["--environment", self.environment, "--keystore", self.keystore]
        if self.password_file:
            words += ["--password-file", str(self.password_file.absolute())]
        if self.module:
            words += ["--module", str(self.module.absolute())]
        if self.token:
            words += ["--token", self.token]
        for device in self.devices:
            words += device.words()
        return [*words, "--with-parent"]


class SignerProcess:
    """A signer that lives as long as this process, and a client for it.

    The child is spawned, never forked: a forked copy of a crypto library may repeat nonces. It ends
    when the pipe to this process closes, even after kill -9. A client that loses it starts another.
    """

    def __init__(self, setup: SignerSetup) -> None:
        """Prepare; nothing is started before ``start`` or the client's first need."""
        self.setup = setup
        self.path = socket_path(setup.home)
        self.client = SignerClient(self.path, revive=self.start)
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Process id of the own child while it runs."""
        child = self._child
        return child.pid if child and child.poll() is None else None

    def start(self) -> SignerClient:
        """Use a signer that answers, or start one and wait for it.

        Raises TongbanError with the code the child ended with, or ``signer-unreachable``.
        """
        with self._lock:
            return self._start()

    def _start(self) -> SignerClient:
        if self.client.alive():
            return self.client
        child = self._child
        if child is None or child.poll() is not None:
            child = self._child = _spawn(self.setup)
        beaten = False  # another process of this hub was first; its signer will answer soon
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            if self.client.alive():
                return self.client
            if not beaten and child.poll() is not None:
                error = _reason(child)
                beaten = error.code == "signer-running"
                if not beaten:
                    raise error
            time.sleep(0.02)
        raise TongbanError("signer-unreachable")

    def stop(self) -> None:
        """End the own child and wait for it."""
        self.client.close()
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin:
            child.stdin.close()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()


def ensure(setup: SignerSetup) -> SignerProcess:
    """Return a started signer; errors as in ``SignerProcess.start``."""
    process = SignerProcess(setup)
    process.start()
    return process


def _spawn(setup: SignerSetup) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        setup.arguments(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        close_fds=True,
    )


def _reason(child: subprocess.Popen[bytes]) -> TongbanError:
    """Return what the child wrote on its last line: the code it failed with."""
    output = child.stdout.read() if child.stdout and not child.stdout.closed else b""
    lines = output.decode("utf-8", "replace").split()
    code = lines[-1].removeprefix("failed:") if lines and lines[-1].startswith("failed:") else ""
    return TongbanError(code or "signer-unreachable")
