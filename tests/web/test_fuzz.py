"""Whatever the description of the interface allows: never a failure inside, always a problem."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from hub.wiring import Hub

CASES = 8


def test_no_call_makes_the_hub_fail(peopled_hub: Hub, visitor_for: Any, bearer: Any) -> None:
    asker = visitor_for(peopled_hub)
    headers = bearer(asker)
    described = schemathesis.openapi.from_asgi("/v1/openapi.json", asker.app)
    seen = set()
    for found in described.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=CASES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def calls(case: Any) -> None:
            answer = case.call(headers=headers)
            assert answer.status_code < 500, (case.method, case.path, answer.text)
            if answer.status_code >= 400 and case.path != "/readyz":
                kind = answer.headers["content-type"][0]
                assert kind == "application/problem+json", (case.path, answer.status_code)
            seen.add((case.method, case.path))

        calls()
    assert len(seen) >= 20
