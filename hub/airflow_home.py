"""Prepares the folder and the environment of Airflow, so that every process of it agrees.

Secrets are files of mode 0600 made on the first run. Nothing here imports Airflow: that takes
seconds, and the environment must be set before.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PORT = 18080
USER = "admin"
SERVICE = "hub"
"""User of role ``op``, by which runs are triggered."""


@dataclass(frozen=True, slots=True)
class AirflowHome:
    """Where Airflow lives: ``root`` holds airflow.cfg and dags, ``folder`` its data and secrets."""

    root: Path
    home: Path
    folder: Path
    region: str
    port: int = PORT

    @property
    def url(self) -> str:
        """Address of the api-server."""
        return f"http://127.0.0.1:{self.port}"

    def password(self, user: str) -> str:
        """Return the password of a user of the simple auth manager."""
        found: str = json.loads((self.folder / "passwords.json").read_text("utf-8"))[user]
        return found

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return ``base`` with what every Airflow process needs; secrets stay in their files."""
        paths = [str(self.root), *filter(None, base.get("PYTHONPATH", "").split(os.pathsep))]
        ours = {
            "TONGBAN_ROOT": str(self.root),
            "TONGBAN_HOME": str(self.home),
            "TONGBAN_REGION": self.region,
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW_CONFIG": str(self.root / "airflow.cfg"),
            "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
            "GX_ANALYTICS_ENABLED": "false",
        }
        if self.port != PORT:
            ours |= self._ports()
        return {**base, **ours}

    def _ports(self) -> dict[str, str]:
        port = self.port
        return {
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(port + 1),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(port + 2),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(port + 3),
        }


def prepare(
    home: Path, region: str = "410100", port: int = PORT, folder: Path | None = None
) -> AirflowHome:
    """Make ``folder`` with its secrets, keeping those that are there; by default ``home/airflow``.

    Several hubs may share one folder, and so Airflow's tables: ids of DAGs begin with the region.
    """
    root = Path(__file__).resolve().parent.parent
    folder = (folder or home / "airflow").absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _secret(folder / "jwt.secret", secrets.token_urlsafe(64))
    _secret(folder / "api.secret", secrets.token_urlsafe(32))
    _secret(folder / "fernet.key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    passwords = {user: secrets.token_urlsafe(16) for user in (USER, SERVICE)}
    _secret(folder / "passwords.json", json.dumps(passwords))
    return AirflowHome(root, home.absolute(), folder, region, port)


def _secret(path: Path, text: str) -> None:
    """Write once; of two processes that start together the first one's secret stays."""
    staged = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    try:
        path.hardlink_to(staged)
    except FileExistsError:
        pass
    finally:
        staged.unlink()
