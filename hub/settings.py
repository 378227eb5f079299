"""Settings of one hub: environment variables ``TONGBAN_*``, read once and passed down as values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import Code
from hub.key_settings import AuthoritySettings, KeySettings, TimeSettings
from hub.tls import TlsSettings
from kernel.errors import TongbanError

OWN = "hub.env"
"""File in a hub's folder that says what it is: lines ``TONGBAN_REGION=410300``. No secrets."""


class Settings(KeySettings, AuthoritySettings, TimeSettings, TlsSettings, BaseSettings):
    """All that may differ between two hubs running the same code; listed in docs/reference.md."""

    model_config = SettingsConfigDict(env_prefix="TONGBAN_", extra="ignore", frozen=True)

    home: Path = Field(default=Path("var/hub"), description="folder of this hub's data")
    region: str = Field(
        default="410100", pattern=r"^\d{6}$", description="division code of the city (GB/T 2260)"
    )
    city: str = Field(default="郑州市", description="name shown on pages")
    environment: Literal["demo", "test", "production"] = Field(
        default="demo", description="production refuses every demo key, persona and stand-in"
    )
    database_url: str = Field(
        default="", description="SQLAlchemy URL; empty: SQLite in the hub's folder"
    )
    objects_url: str = Field(
        default="", description="s3://key:secret@host:port/bucket; empty: folder objects/"
    )
    host: str = Field(default="127.0.0.1", description="address the web server binds to")
    port: int = Field(default=8600, ge=1, le=65535, description="port of the web server")
    base_url: str = Field(
        default="", description="public address, printed in QR codes; empty: from host and port"
    )
    fonts: str = Field(
        default="", description="further font files for rare names, separated by colons"
    )
    report_org: str = Field(
        default="",
        description="body whose seal goes on verification reports (key or credit code); "
        "empty: none in production, else any",
    )
    inbox: Path | None = Field(
        default=None, description="folder of departments' deliveries; empty: inbox/ in home"
    )
    keystore_password_file: Path | None = Field(
        default=None, description="password of the encrypted keystore; required in production"
    )
    secrets: Path | None = Field(
        default=None,
        description="folder of files named like settings (tongban_database_url), for secrets; "
        "the environment wins",
    )
    worker: bool = Field(
        default=True, description="run sequencer and sweeps inside the web process"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level of log lines"
    )

    @property
    def root(self) -> Path:
        """Absolute folder of this hub's data."""
        return self.home.absolute()

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.root / 'hub.db'}"

    @property
    def deliveries(self) -> Path:
        """Folder in which departments leave their files."""
        return (self.inbox or self.root / "inbox").absolute()

    @property
    def address(self) -> str:
        """Public address without a trailing slash."""
        scheme = "https" if self.tls_certificate else "http"
        return (self.base_url or f"{scheme}://{self.host}:{self.port}").rstrip("/")

    @property
    def font_paths(self) -> tuple[Path, ...]:
        """Configured further fonts, in order."""
        return tuple(Path(item) for item in self.fonts.split(":") if item)


def load(**changes: object) -> Settings:
    """Read the environment; named values win over it.

    What a file ``hub.env`` in the hub's folder says counts where neither does: with it, a command
    needs to be told the folder alone. Raises TongbanError ``setting-invalid`` with the names of
    those that do not fit, not their values: a wrong one may be a password in the wrong place.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    default = Settings.model_fields["home"].default
    own = Path(str(given.get("home") or os.environ.get("TONGBAN_HOME") or default)) / OWN
    if own.exists():
        given.setdefault("home", own.parent)  # where it lies now, whatever it says
    folder = os.environ.get("TONGBAN_SECRETS")
    if folder and not Path(folder).is_dir():
        raise TongbanError(Code.SETTING_INVALID, names="TONGBAN_SECRETS")
    try:
        return Settings(_env_file=own, _secrets_dir=folder or None, **given)  # type: ignore[arg-type, call-arg]  # pydantic validates
    except ValidationError as error:
        wrong = sorted({f"TONGBAN_{row['loc'][0]}".upper() for row in error.errors()})
        raise TongbanError(Code.SETTING_INVALID, names=", ".join(wrong)) from None
