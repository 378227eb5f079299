"""What ``tongban verify`` does: collect files, inspect them behind the fence, judge, print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from hub.messages import owner
from hub.verify_output import Output, UsageError, saved_evidence
from kernel.clock import BEIJING, from_iso
from kernel.errors import TongbanError
from signing import crl
from signing.fence import Fence
from signing.model import (
    Evidence,
    Finding,
    Indication,
    RevocationList,
    Severity,
    SignatureVerdict,
    Verdict,
)
from signing.policies import Policy
from signing.policies import load as load_policy
from signing.trust import TrustStore
from signing.verify import judge

if TYPE_CHECKING:
    from signing.checks.case import Trust

PASSED, FAILED, USAGE, INDETERMINATE, ENVIRONMENT = 0, 1, 2, 3, 4
SUFFIXES = frozenset({".pdf", ".ofd"})
STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    policy: str = "certificate"
    as_json: bool = False
    trust: tuple[Path, ...] = ()
    at: str | None = None
    home: Path | None = None
    report: Path | None = None
    form: str | None = None
    kind: str = "simple"
    evidence: Path | None = None
    save_evidence: Path | None = None


def run(names: Sequence[str], options: Options, out: TextIO | None = None) -> int:
    """Verify and print; return the exit code: the worst of all files decides."""
    out = out or sys.stdout
    try:
        at = _moment(options.at)
        policy = load_policy(options.policy, options.home)
        trust = _trust(options, at)
        sources = list(_sources(names))
        output = _output(names, sources, options)
        replayed = saved_evidence(options.evidence) if options.evidence else None
        _self_test()
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    except TongbanError as error:
        _explain(error)
        environment = error.code.startswith("sm2-") or error.code == "trust-list-unreadable"
        return ENVIRONMENT if environment else USAGE
    court = _Court(policy, trust, at, output, as_json=options.as_json, out=out)
    try:
        return _verify(sources, court) if replayed is None else _replay(replayed, court)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    except TongbanError as error:
        _explain(error)
        return ENVIRONMENT


@dataclass(frozen=True, slots=True)
class _Court:
    """All that one run judges by, and where its answers go."""

    policy: Policy
    trust: Trust
    at: datetime
    output: Output
    as_json: bool
    out: TextIO

    def answer(self, evidence: Evidence) -> int:
        """Judge, print, write what was asked for; returns the exit code of this file."""
        verdict = judge(evidence, self.policy, self.trust, self.at)
        self.out.write(_as_json(verdict) if self.as_json else _as_text(verdict))
        self.out.flush()
        self.output.write(verdict, evidence, self.policy)
        return exit_code(verdict)


def _replay(evidence: Evidence, court: _Court) -> int:
    """Judge saved evidence without its file; its times and lists may be anything."""
    try:
        return court.answer(evidence)
    except (ValueError, OverflowError) as error:
        reason = type(error).__name__
        raise UsageError(f"不是可用的证据 · not sound evidence: {reason}") from error


def _verify(sources: Sequence[tuple[str, Path | None]], court: _Court) -> int:
    codes: set[int] = set()
    with Fence(workers=1) as fence, _progress(len(sources)) as advance:
        for name, path in sources:
            data = sys.stdin.buffer.read(fence.limits.file_bytes + 1) if path is None else path
            try:
                evidence = fence.inspect(data, name)
            except OSError as error:
                sys.stderr.write(f"{name}: 无法读取 · cannot be read: {error.strerror}\n")
                codes.add(USAGE)
                continue
            codes.add(court.answer(evidence))
            advance()
    return next((code for code in (FAILED, USAGE, INDETERMINATE) if code in codes), PASSED)


def _output(names: Sequence[str], sources: Sequence[object], options: Options) -> Output:
    """Return what is to be written; raises UsageError unless exactly one thing is judged then."""
    if bool(names) == (options.evidence is not None):
        raise UsageError("给出文件或 --evidence，二者择一 · give files or --evidence, one of both")
    if not names and not options.evidence:
        raise UsageError("没有给出文件 · no file is given")
    output = Output.asked(
        options.report, options.kind, options.form, options.save_evidence, options.home
    )
    if output.wanted and len(sources) + (options.evidence is not None) != 1:
        raise UsageError("报告和证据一次只写一份文件的 · reports and evidence are of one file")
    return output


def exit_code(verdict: Verdict) -> int:
    """Return the exit code of one verdict; a file without any seal has not passed."""
    if verdict.indication is Indication.TOTAL_PASSED:
        return PASSED
    return INDETERMINATE if verdict.indication is Indication.INDETERMINATE else FAILED


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        if len(text) == len("2026-01-01"):
            return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)
        return from_iso(text)
    except ValueError as error:
        message = f"时间格式应如 2026-01-31T08:00:00+08:00 · not a time with a zone: {text}"
        raise UsageError(message) from error


def _trust(options: Options, at: datetime) -> Trust:
    """Return the trust given by hand, else the home's; lists given by hand join either."""
    from signing.checks.case import Trust

    given = [path.read_bytes() for path in options.trust]
    lists = [crl.from_file(data) for data in given]
    crls = tuple(item for found in lists for item in found)
    certificates = [
        data for data, found in zip(given, lists, strict=True) if _certifies(data, found)
    ]
    if certificates:
        return Trust.at(TrustStore.from_pems(*certificates), at, crls)
    from hub.judging import TrustBook
    from hub.settings import load

    book = TrustBook(load(home=options.home).root)
    return Trust.at(book.store(), at, (*crls, *book.crls()), book.ocsps())


def _certifies(data: bytes, lists: Sequence[bytes]) -> bool:
    """Tell whether a file given as trust is read for certificates: unless it holds lists only."""
    return not lists or b"CERTIFICATE-----" in data


def _sources(names: Sequence[str]) -> Iterator[tuple[str, Path | None]]:
    """Yield what is to be judged; raises UsageError where a name gives nothing."""
    if names.count(STANDARD_INPUT) > 1:
        raise UsageError("标准输入只能读一次 · standard input can be read once only")
    for name in names:
        path = Path(name)
        if name == STANDARD_INPUT:
            yield name, None
        elif path.is_dir():
            found = sorted(item for item in path.rglob("*") if item.suffix.lower() in SUFFIXES)
            files = [(str(item), item) for item in found if item.is_file()]
            if not files:
                raise UsageError(f"文件夹中没有 PDF 或 OFD · no PDF or OFD in the folder: {name}")
            yield from files
        elif path.is_file():
            yield name, path
        else:
            raise UsageError(f"没有这个文件或文件夹 · no such file or folder: {name}")


def _self_test() -> None:
    """Refuse to judge on a machine whose libcrypto cannot do SM2, instead of judging wrongly."""
    from signing.algorithms import by_name

    by_name("sm2_sm3")


@contextmanager
def _progress(total: int) -> Iterator[_Advance]:
    if total < 2 or not sys.stderr.isatty():
        yield _Advance(None)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("核验 · verifying", total=total)
        yield _Advance(lambda: bar.advance(task))


@dataclass(frozen=True, slots=True)
class _Advance:
    """Moves the bar on by one file, where there is a bar."""

    step: object

    def __call__(self) -> None:
        if callable(self.step):
            self.step()


def _explain(error: TongbanError) -> None:
    found = owner(error.code)
    if found is None:
        sys.stderr.write(f"{error}\n")
        return
    message = found[1]
    chinese = message.text(error.params).rstrip("。")
    sys.stderr.write(f"{chinese}。{message.next_step(error.params)}\n")
    english = message.text(error.params, english=True).rstrip(".")
    sys.stderr.write(f"{english}. {message.next_step(error.params, english=True)}\n")


def _as_json(verdict: Verdict) -> str:
    return json.dumps(verdict.to_json(), ensure_ascii=False, sort_keys=False) + "\n"


_WORDS = {
    Indication.TOTAL_PASSED: "✔ 通过 · passed",
    Indication.TOTAL_FAILED: "✘ 不通过 · failed",
    Indication.INDETERMINATE: "? 无法判定 · indeterminate",
    None: "– 未盖章 · not sealed",
}


def _as_text(verdict: Verdict) -> str:
    lines = [f"{_WORDS[verdict.indication]}  {verdict.file}"]
    lines += dict.fromkeys(_finding(item) for item in verdict.findings)
    for signature in verdict.signatures:
        lines.append(f"  {_who(signature)}")
        lines += [_list(item) for item in signature.revocation[:1]]
        lines += dict.fromkeys(_finding(item) for item in signature.findings)
    return "\n".join(lines) + "\n"


def _who(signature: SignatureVerdict) -> str:
    time = ""
    if signature.time:
        local = from_iso(signature.time).astimezone(BEIJING)
        known = "可信时间" if signature.time_source == "timestamp" else "所称时间"
        time = f"{local:%Y-%m-%d %H:%M:%S}（{known}）"
    name = signature.seal_name or signature.signer or signature.id
    return f"{_WORDS[signature.indication]}  {name}  {time}".rstrip()


def _list(item: RevocationList) -> str:
    local = from_iso(item.this_update).astimezone(BEIJING)
    hours = item.age_seconds // 3600
    ended = "，已过期 · ended" if item.ended else ""
    return (
        f"    · 吊销列表 {local:%Y-%m-%d %H:%M:%S}（{hours} 小时前{ended}）"
        f"· revocation list {hours} h old"
    )


_MARKS = {Severity.REJECT: "✘", Severity.INDETERMINATE: "?", Severity.WARN: "!"}


def _finding(item: Finding) -> str:
    where = f"（{item.path}）" if item.path else ""
    return f"    {_MARKS.get(item.severity, '·')} {item.code} {item.zh}{where} · {item.en}"
