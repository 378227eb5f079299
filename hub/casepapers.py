"""Where each paper of a case came from, in words: which city, on what ground, by which entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from certificates.requests_model import CONSENT
from hub.problems import message
from hub.words import Pair
from intake.journey_model import Journey, StepSpec
from intake.model import Evidence, MaterialRecord, Report, StepRecord, StepState, WayKind

if TYPE_CHECKING:
    from hub.wiring import Hub

WAY_NAMES: Final[Mapping[WayKind, Pair]] = {
    WayKind.CERTIFICATE: ("证照", "certificate"),
    WayKind.DATA: ("数据", "data"),
    WayKind.CHAINED: ("前序结果", "earlier result"),
    WayKind.PROMISE: ("承诺", "promise"),
    WayKind.UPLOAD: ("上传", "upload"),
}
_CONSENT: Final = ("持证人授权（单次、限本办件）", "the holder's consent, once and for this case")
_NO_GROUND: Final = ("", "")
_AGAIN: Final = (
    "可再试一次，不会重复用证；也可先用其他方式提供。",
    "Try again: nothing is used twice. Or choose another way for now.",
)
_UNKNOWN: Final = ("户籍地未知", "registered region unknown")


@dataclass(frozen=True, slots=True)
class Regions:
    """Names of the own region and of the registered peers by code, the own one first."""

    own: str
    names: Mapping[str, str]

    def name(self, code: str) -> str:
        """Return the name of a region, or its code where no peer is registered any more."""
        return self.names.get(code, code)


def regions(hub: Hub) -> Regions:
    """Read the names anew: a peer registered a moment ago counts."""
    from hub.intaking import PeerRegions

    own = hub.settings.region
    return Regions(own, {own: hub.settings.city, **PeerRegions(hub.settings.root).known()})


def residence(found: Regions, code: str) -> dict[str, Any]:
    """Return where a person is registered (户籍地), and whether that is elsewhere or unsaid."""
    zh, en = (found.name(code),) * 2 if code else _UNKNOWN
    return {"zh": zh, "en": en, "abroad": code not in {"", found.own}, "unsaid": not code}


def source(
    hub: Hub, found: Regions, step: StepSpec, record: MaterialRecord
) -> dict[str, Any] | None:
    """Return where what met a material came from; None where it is not met by itself."""
    evidence = record.evidence
    if evidence is None:
        return None
    return {
        "region": found.name(evidence.region),
        "abroad": evidence.region != found.own,
        "identifier": shortened(evidence.identifier),
        "basis": _basis(hub, step, evidence),
        "at": evidence.at,
        "journal": evidence.journal,
        "peer": evidence.peer,
    }


def _basis(hub: Hub, step: StepSpec, evidence: Evidence) -> Pair:
    if evidence.basis == CONSENT:
        return _CONSENT
    matter = hub.matters.get(step.matter)
    clause = matter.basis(evidence.basis) if matter and evidence.basis else None
    return (clause.clause, clause.clause_en) if clause else _NO_GROUND


def shortened(identifier: str) -> str:
    """Return a 电子证照标识 with the middle of its serial hidden; empty for none."""
    parts = identifier.rsplit(".", 3)
    if len(parts) < 4:
        return identifier
    head, serial, version, check = parts
    return f"…{head[-6:]}.{serial[:4]}****.{version}.{check}"


def tries(found: Regions, record: MaterialRecord | None) -> list[dict[str, Any]]:
    """Return each automatic way that did not help: its reason, and whether the line failed."""
    rows = []
    for item in record.tried if record else ():
        words, (zh, en) = message(item.code), WAY_NAMES[item.way]
        params = item.params
        abroad = item.region not in {"", found.own}
        where = found.name(item.region) if abroad else ""
        failed = abroad and item.code.startswith("peer-")
        rows.append(
            {
                "zh": f"{zh}{f'（{where}）' if where else ''}：{words.text(params)}",
                "en": f"{en}{f' ({where})' if where else ''}: {words.text(params, english=True)}",
                "next": _AGAIN if failed else ("", ""),
                "failed": failed,
            }
        )
    return rows


def result(hub: Hub, step: StepSpec, record: StepRecord | None) -> dict[str, Any] | None:
    """Return what a granted step ended with, or why its certificate is not there yet."""
    if record is None or record.state not in {StepState.GRANTED, StepState.DONE}:
        return None
    kind = hub.typebook.types.get(step.produces)
    wait = message(record.wait) if record.wait else None
    return {
        "title": step.result,
        "title_en": step.result_en,
        "number": record.result_no,
        "type": kind.title if kind else "",
        "identifier": record.identifier,
        "short": shortened(record.identifier),
        "awaited": record.state is StepState.GRANTED,
        "why": (wait.text({}), wait.text({}, english=True)) if wait else None,
        "next": (wait.next_step({}), wait.next_step({}, english=True)) if wait else None,
    }


def papers(hub: Hub, journey: Journey, found: Regions, report: Report) -> list[dict[str, Any]]:
    """Return the papers that were not needed, each with its step and where it came from."""
    rows = []
    for item in report.saved:
        step = journey.step(item.step)
        spec = step.material(item.material) if step else None
        if step is None or spec is None:
            continue
        evidence = item.evidence
        rows.append(
            {
                "title": spec.title,
                "title_en": spec.title_en,
                "step": step.title,
                "step_en": step.title_en,
                "way": item.way,
                "region": found.name(evidence.region) if evidence else "",
                "abroad": bool(evidence and evidence.region != found.own),
                "identifier": shortened(evidence.identifier) if evidence else "",
                "basis": _basis(hub, step, evidence) if evidence else _NO_GROUND,
                "at": evidence.at if evidence else None,
                "journal": evidence.journal if evidence else None,
                "peer": evidence.peer if evidence else None,
            }
        )
    return rows
