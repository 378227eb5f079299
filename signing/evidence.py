"""Evidence as JSON: saved beside a file, replayed by ``signing.verify.judge`` years later."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from signing.model import EVIDENCE_SCHEMA, Evidence

T = TypeVar("T")


class EvidenceError(ValueError):
    """The bytes are no evidence of a schema that is known here."""


def dump(evidence: Evidence) -> bytes:
    """Return deterministic JSON (sorted names, UTF-8, one line)."""
    plain = asdict(evidence)
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def load(data: bytes) -> Evidence:
    """Read what ``dump`` wrote; raises EvidenceError on anything else or a newer schema."""
    try:
        raw = json.loads(data)
        if raw["schema"] != EVIDENCE_SCHEMA:
            raise EvidenceError(f"evidence schema {raw['schema']!r} is not {EVIDENCE_SCHEMA}")
        return _build(Evidence, raw)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, EvidenceError):
            raise
        raise EvidenceError(f"not evidence: {type(error).__name__}") from error


def _build(kind: type[T], raw: Mapping[str, Any]) -> T:
    hints = get_type_hints(kind)
    known = {item.name for item in fields(cast("Any", kind))}
    if set(raw) - known:
        raise EvidenceError(f"unknown member of {kind.__name__}")
    return kind(**{name: _value(hints[name], value) for name, value in raw.items()})


def _value(hint: Any, value: Any) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _value(next(item for item in args if item is not type(None)), value)
    if origin is tuple:
        return tuple(_value(args[0], item) for item in _checked(list, value))
    if origin is not None:
        return {str(name): _value(args[1], item) for name, item in _checked(dict, value).items()}
    if is_dataclass(hint) and isinstance(hint, type):
        return _build(hint, _checked(dict, value))
    return _checked(hint, value)


def _checked(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise EvidenceError(f"{type(value).__name__} where {kind.__name__} belongs")
    return value
