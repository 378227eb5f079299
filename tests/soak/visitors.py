"""Clients under load: agencies that fetch, a holder who grants. ``python -m tests.soak.visitors``.

An agency repeats a request under the same key until it is answered, as the interface asks of it. A
grant has no key: one whose answer got lost is noted as such and not asked for again.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey

from hub.demo.city import AGENCY, agency_key
from identity import tokens
from identity.assertions import ASSERTION_TYPE
from kernel.ids import new_id
from tests.soak.notes import Notes, until_input_ends

PAUSE = 0.02
ALONE = 120.0
"""Seconds after the stop at which a client without an answer gives up: the hub is gone for good."""
TOKEN_SECONDS = 300.0
FORM = "application/x-www-form-urlencoded"


class Client:
    """One connection, to whichever web process answers."""

    def __init__(self, home: Path, ports: list[int], number: int, stop: threading.Event) -> None:
        self._home = home
        self._stop, self._stopped = stop, 0.0
        self._addresses = [f"http://127.0.0.1:{port}" for port in ports]
        self._at = number % len(ports)
        self._http = httpx2.Client(timeout=20, trust_env=False)
        self._token, self._since = "", 0.0
        self.lost = 0

    def send(self, method: str, path: str, **more: Any) -> httpx2.Response | None:
        """Send once; None when no answer came. The next try goes to the next process."""
        if self._stop.is_set():
            self._stopped = self._stopped or time.monotonic()
            assert time.monotonic() - self._stopped < ALONE, "no answer any more"
        try:
            found = self._http.request(method, self._addresses[self._at] + path, **more)
        except httpx2.HTTPError:
            self.lost += 1
            self._at = (self._at + 1) % len(self._addresses)
            time.sleep(0.1)
            return None
        if found.status_code >= 500:
            self.lost += 1
            time.sleep(0.1)
        return found

    def fetch(self, body: Mapping[str, Any]) -> httpx2.Response:
        """Ask for a certificate until there is an answer that stands."""
        key = new_id("key")
        while True:
            headers = {"Authorization": f"Bearer {self._bearer()}", "Idempotency-Key": key}
            found = self.send("POST", "/v1/certificate-requests", json=body, headers=headers)
            if found is not None and found.status_code == 401:
                self._since = 0.0
            elif found is not None and found.status_code < 500:
                return found

    def _bearer(self) -> str:
        while not self._token or time.monotonic() - self._since > TOKEN_SECONDS:
            now = int(time.time())
            key = ECKey.import_key(agency_key(self._home).read_bytes())
            claims = {"iss": AGENCY, "sub": AGENCY, "aud": self._addresses[0], "iat": now}
            claims |= {"exp": now + 120, "jti": new_id("jti")}
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": jwt.encode({"alg": "ES256", "kid": "demo-1"}, claims, key),
            }
            found = self.send("POST", "/oauth/token", data=form)
            if found is not None and found.status_code == 200:
                self._token, self._since = found.json()["access_token"], time.monotonic()
        return self._token

    def session(self) -> dict[str, str]:
        """Sign in as the holder and return the headers of a call."""
        while True:
            found = self.send("POST", "/sign-in", data={"persona": "holder"})
            if found is not None and found.status_code == 303:
                token = found.cookies["tongban_session"]
                self._http.cookies.clear()
                return {
                    "Cookie": f"tongban_session={token}",
                    "X-CSRF-Token": tokens.csrf(token),
                }


def fetching(client: Client, notes: Notes, stop: threading.Event, bodies: list[Any]) -> None:
    """Ask by law, every tenth time for a purpose that the matter does not have."""
    turn = 0
    while not stop.is_set():
        turn += 1
        body = dict(bodies[turn % len(bodies)])
        if turn % 10 == 0:
            body["purpose"] = "curiosity"
        told(notes, "fetch", client.fetch(body))
        time.sleep(PAUSE)


def granting(client: Client, notes: Notes, stop: threading.Event, offer: Mapping[str, Any]) -> None:
    """Grant, have it used, and try to use it twice."""
    headers, turn = client.session(), 0
    while not stop.is_set():
        turn += 1
        case = f"SOAK-{new_id('case')}"
        grant = {name: offer[name] for name in ("requester", "matter", "purpose", "type", "fields")}
        found = client.send(
            "POST", "/v1/authorizations", json=grant | {"case_no": case}, headers=headers
        )
        if found is None or found.status_code >= 500:
            notes.add("grant-lost", case=case)
            continue
        assert found.status_code == 201, found.text
        number = found.json()["id"]
        notes.add("grant", id=number, case=case)
        body = {
            "matter": offer["matter"],
            "case_no": case,
            "purpose": offer["purpose"],
            "grant": number,
            "certificate": {"type": offer["type"]},
            "holder": {"code": offer["code"]},
            "fields": offer["fields"],
        }
        told(notes, "use", client.fetch(body), grant=number)
        if turn % 3 == 0:
            told(notes, "again", client.fetch(body), grant=number)
        time.sleep(PAUSE)


def told(notes: Notes, kind: str, found: httpx2.Response, **more: Any) -> None:
    body = found.json()
    notes.add(
        kind,
        status=found.status_code,
        request=body.get("request_id", ""),
        code=body.get("code", ""),
        receipt=body.get("receipt", {}),
        **more,
    )


def main(plan: str) -> None:
    """Run until the input ends and every open question is answered."""
    raw = json.loads(Path(plan).read_text("utf-8"))
    stop = until_input_ends()
    notes = Notes(Path(raw["notes"]))
    threads, clients = [], []
    for number in range(raw["fetchers"] + raw["granters"]):
        client = Client(Path(raw["home"]), raw["ports"], number, stop)
        clients.append(client)
        granter = number >= raw["fetchers"]
        work = granting if granter else fetching
        last = raw["offer"] if granter else raw["bodies"]
        threads.append(threading.Thread(target=work, args=(client, notes, stop, last)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    notes.add("end", lost=sum(client.lost for client in clients))


if __name__ == "__main__":
    main(*sys.argv[1:])
