"""An agency system as an integrator would write it: OAuth by key, requests over HTTP."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

from hub.demo.city import AGENCY, agency_key
from hub.settings import Settings
from identity.assertions import ASSERTION_TYPE
from kernel.errors import TongbanError

_LIFETIME = 120


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body of one call."""

    status: int
    body: Mapping[str, Any]


class Agency:
    """Holds a connection and a token; use as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = ECKey.import_key(agency_key(settings.root).read_bytes())
        self._client = httpx2.Client(base_url=settings.address, timeout=30, trust_env=False)
        self._token = ""

    def __enter__(self) -> Self:
        """Get a token."""
        self._token = self._authenticate()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._client.close()

    @property
    def token(self) -> str:
        """The bearer token in use, for a client that sends by other means."""
        return self._token

    def request(self, body: Mapping[str, Any], key: str = "") -> Answer:
        """Ask for a certificate; a refusal is an answer like any other.

        ``key`` is the Idempotency-Key: the same one asks the same question again.
        """
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Idempotency-Key": key or secrets.token_hex(16),
        }
        answer = self._client.post("/v1/certificate-requests", json=dict(body), headers=headers)
        return Answer(answer.status_code, answer.json())

    def download(self, href: str) -> bytes:
        """Fetch an annotated copy by its one-use address."""
        answer = self._client.get(href, headers={"Authorization": f"Bearer {self._token}"})
        if answer.status_code != 200:
            raise TongbanError("demo-step-failed", step=f"copy {answer.status_code}")
        return answer.content

    def _authenticate(self) -> str:
        now = int(time.time())
        address = f"{self._settings.address}/oauth/token"
        claims = {
            "iss": AGENCY,
            "sub": AGENCY,
            "aud": address,
            "iat": now,
            "exp": now + _LIFETIME,
            "jti": secrets.token_hex(16),
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jwt.encode({"alg": "ES256", "kid": "demo-1"}, claims, self._key),
        }
        answer = self._client.post("/oauth/token", data=form)
        if answer.status_code != 200:
            raise TongbanError("demo-step-failed", step=f"token {answer.status_code}")
        token: str = answer.json()["access_token"]
        return token
