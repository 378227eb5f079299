"""Turns a verdict into the four answers that people ask for: who, when, unchanged, still valid."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from hub.views import moment

State = Literal["good", "bad", "warn", "none"]
Json = Mapping[str, Any]

_CN: Final = re.compile(r"(?:^|,)\s*CN=([^,]+)")
_UNCHANGED: Final = frozenset(
    {"HASH_FAILURE", "SIG_CRYPTO_FAILURE", "FORMAT_FAILURE", "SIGNED_DATA_NOT_FOUND"}
)
_VALID: Final = frozenset(
    {
        "REVOKED", "EXPIRED", "NOT_YET_VALID", "REVOKED_NO_POE", "REVOKED_CA_NO_POE", "TRY_LATER",
        "OUT_OF_BOUNDS_NOT_REVOKED", "OUT_OF_BOUNDS_NO_POE", "REVOCATION_OUT_OF_BOUNDS_NO_POE",
    }
)  # fmt: skip
_WHEN: Final = frozenset({"NO_POE", "TIMESTAMP_ORDER_FAILURE"})
_TITLES: Final[Mapping[str | None, tuple[State, str, str]]] = {
    "TOTAL_PASSED": ("good", "核验通过", "The file passed"),
    "TOTAL_FAILED": ("bad", "核验不通过", "The file failed"),
    "INDETERMINATE": ("warn", "无法确定", "It cannot be decided"),
    None: ("warn", "没有电子签章", "No seal or signature"),
}
_QUESTIONS: Final = (
    ("who", "谁盖的章", "Who sealed it"),
    ("when", "何时盖的", "When"),
    ("unchanged", "之后有无改动", "Unchanged since"),
    ("valid", "是否仍然有效", "Still valid"),
)


def explain(verdict: Json) -> dict[str, Any]:
    """Return what the verify page shows for ``Verdict.to_json()`` of ``signing``."""
    state, zh, en = _TITLES[verdict["indication"]]
    signatures = [_signature(item) for item in verdict["signatures"]]
    reasons = [_finding(item) for item in _all_findings(verdict)]
    return {
        "state": state,
        "zh": zh,
        "en": en,
        "file": verdict["file"],
        "format": verdict["format"],
        "at": verdict["at"],
        "indication": verdict["indication"],
        "sub_indications": verdict["sub_indications"],
        "sha256": verdict["sha256"],
        "policy": verdict["policy"],
        "reasons": list({(item["code"], item["path"]): item for item in reasons}.values()),
        "signatures": signatures,
        "answers": signatures[0]["tree"] if signatures else [],
        "register": (),
        "proof": None,
    }


_SEVERITIES: Final[Mapping[str, State]] = {
    "reject": "bad",
    "indeterminate": "warn",
    "warn": "none",
    "passed": "good",
}


def finding_states(checks: Sequence[Json]) -> list[dict[str, Any]]:
    """Return the blocks of a detailed report with the sign that each block and finding gets."""
    return [
        {
            **block,
            "mark": _SEVERITIES[block["state"]],
            "findings": [
                {**item, "mark": _SEVERITIES.get(item["severity"], "none")}
                for item in block["findings"]
            ],
        }
        for block in checks
    ]


def _all_findings(verdict: Json) -> list[Json]:
    found: list[Json] = list(verdict["findings"])
    for signature in verdict["signatures"]:
        found.extend(signature["findings"])
    return found


def _finding(finding: Json) -> dict[str, Any]:
    return {
        "state": _SEVERITIES.get(finding["severity"], "none"),
        "code": finding["code"],
        "sub": finding["sub_indication"],
        "zh": finding["zh"],
        "en": finding["en"],
        "path": finding["path"],
    }


def _signature(signature: Json) -> dict[str, Any]:
    by_question: dict[str, list[dict[str, Any]]] = {name: [] for name, _, _ in _QUESTIONS}
    for finding in signature["findings"]:
        shown, asked = _finding(finding), by_question[_question(finding)]
        if shown not in asked:
            asked.append(shown)
    tree = []
    for name, zh, en in _QUESTIONS:
        state = _worst(by_question[name])
        answer = _answer(name, state, signature)
        tree.append(
            {
                "name": name,
                "question": zh,
                "question_en": en,
                "state": state,
                "zh": answer[0],
                "en": answer[1],
                "findings": by_question[name],
            }
        )
    names = ("signer", "issuer", "seal_name", "seal_id", "structure", "level")
    return {
        "state": _TITLES[signature["indication"]][0],
        "tree": tree,
        **{name: signature[name] for name in names},
    }


def common_name(subject: str) -> str:
    """Return the CN of a distinguished name written as text, or the whole text without one."""
    found = _CN.findall(subject)
    return found[-1].strip() if found else subject


def _question(finding: Json) -> str:
    """Return which question a finding belongs to; a mere warning is placed by its code."""
    sub, code = finding["sub_indication"], str(finding["code"])
    if sub in _UNCHANGED:
        return "unchanged"
    if sub in _VALID or (sub is None and "REVO" in code):
        return "valid"
    return "when" if sub in _WHEN or (sub is None and "TIME" in code) else "who"


def _worst(findings: Sequence[Mapping[str, Any]]) -> State:
    states = {item["state"] for item in findings}
    return "bad" if "bad" in states else "warn" if "warn" in states else "good"


def _answer(name: str, state: State, signature: Json) -> tuple[str, str]:
    """Return the sentence in both languages."""
    if name == "who":
        who = signature["seal_name"] or common_name(signature["signer"]) or "—"
        doubt = {"good": ("", ""), "warn": ("（身份未能确认）", " (identity not confirmed)")}
        return tuple(f"{who}{more}" for more in doubt.get(state, ("（不可信）", " (not trusted)")))  # type: ignore[return-value] # two texts in, two out
    if name == "when":
        proven = signature["time_source"] == "timestamp"
        at = moment(signature["time"])
        return (
            f"{at}（{'时间戳证明' if proven else '签章者声明'}）",
            f"{at} ({'proved by a timestamp' if proven else 'as the signer says'})",
        )
    if name == "unchanged":
        words = {
            "good": ("盖章后没有改动", "not changed since it was sealed"),
            "warn": ("无法确认是否改动", "cannot tell whether it changed"),
        }
        return words.get(state, ("盖章后被改动，或签章无效", "changed, or the seal is not genuine"))
    known, known_en = _revocation(signature)
    words = {
        "good": (
            f"印章和证书在盖章时有效{known}",
            f"seal and certificate were valid when it was sealed{known_en}",
        ),
        "warn": ("无法确认是否有效", "cannot tell whether it is valid"),
    }
    return words.get(state, ("印章或证书已失效", "the seal or certificate is no longer valid"))


def _revocation(signature: Json) -> tuple[str, str]:
    """Return how it is known that the certificate was not revoked, or that it is not known."""
    codes = {item["code"] for item in signature["findings"]}
    lists = signature.get("revocation", ())
    if "INDETERMINATE_REVOCATION" in codes:
        return "（是否被吊销未能核实）", " (whether it was revoked is not known)"
    if "W_REVOKED_LATER" in codes:
        return "（之后被吊销）", " (revoked afterwards)"
    if not lists:
        return "", ""
    at = moment(lists[0]["this_update"])
    return f"（吊销列表 {at}）", f" (revocation list of {at})"
