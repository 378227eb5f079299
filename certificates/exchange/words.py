"""What the outcomes of a match are called, in the order of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from certificates.exchange.matching import Outcome

MATCHES: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.MATCHED: ("双方一致", "both logs name each other"),
    Outcome.UNANSWERED: (
        "双方有请求，请求方未得到可证的答复",
        "received, but no proven answer",
    ),
    Outcome.UNREACHED: ("请求方记为失败，对方未收到", "failed at the asker, never received"),
    Outcome.OPEN: ("太新，尚不能判定", "too recent to tell"),
    Outcome.ONLY_HERE: ("仅本地日志有", "only in our log"),
    Outcome.ONLY_THERE: ("仅对方日志有", "only in the peer's log"),
    Outcome.DIFFERENT: ("双方说法不同", "the logs say different things"),
}
WHY: Final[Mapping[str, tuple[str, str]]] = {
    "not-asked": ("请求方日志没有这次请求", "the asker's log has no such question"),
    "answer-not-in-their-log": ("答复不在被请求方日志中", "the answer is not in the other log"),
    "question-not-named": ("被请求方日志未提及该请求", "the other log does not name the question"),
    "outcome": ("一方记为提供，另一方记为拒绝", "given in one log, refused in the other"),
    "no-end": ("请求方没有记下结果", "the asker recorded no end"),
}
