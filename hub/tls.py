"""TLS of the web process itself, where no proxy ends it: two files, and what is wrong with them."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from pydantic import BaseModel, Field, ValidationInfo, field_validator

from hub.errors import Code
from kernel.errors import TongbanError


class TlsSettings(BaseModel):
    """Files of the server's own TLS; both are named, or neither."""

    tls_certificate: Path | None = Field(
        default=None, description="certificate and its chain (PEM) for https without a proxy"
    )
    tls_key: Path | None = Field(
        default=None,
        validate_default=True,
        description="private key of that certificate (PEM, no password), mode 0600",
    )

    @field_validator("tls_certificate", "tls_key", mode="before")
    @classmethod
    def _nothing(cls, value: object) -> object:
        return value or None

    @field_validator("tls_key")
    @classmethod
    def _both(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) != (info.data.get("tls_certificate") is None):
            raise ValueError("certificate and key belong together")
        return value


def tls_files(settings: TlsSettings) -> tuple[str, str] | tuple[None, None]:
    """Return certificate and key for the server, once both can be used; or neither is named.

    Raises TongbanError ``tls-unusable`` where the files cannot be read, do not belong together, the
    key is open to others, or the certificate has ended; uvicorn would say so by a traceback.
    """
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None or key is None:
        return None, None
    try:
        if key.stat().st_mode & 0o077:
            raise TongbanError(Code.TLS_UNUSABLE, reason="key-open-to-others", file=key.name)
        # without a password given, OpenSSL asks the terminal for one
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
        ended = tls_end(certificate) < datetime.now(UTC)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
        raise TongbanError(
            Code.TLS_UNUSABLE, reason=reason or type(error).__name__, file=certificate.name
        ) from None
    if ended:
        raise TongbanError(Code.TLS_UNUSABLE, reason="ended", file=certificate.name)
    return str(certificate), str(key)


def tls_end(certificate: Path) -> datetime:
    """Return until when the first certificate of a PEM file is valid (UTC)."""
    return x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc


def own_line(settings: TlsSettings) -> tuple[str, ssl.SSLContext | None]:
    """Return scheme and context for asking this machine's own server, whatever name it bears."""
    if settings.tls_certificate is None:
        return "http", None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return "https", context
