"""Answers one gate job: the counters and a sample against the contract, and the Data Docs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd  # type: ignore[import-untyped] # ships no types
import polars as pl

from quality.gates import GateJob, GateResult, Outcome
from quality.gx import contract, docs
from quality.gx.expectations import JUDGES
from quality.gx.frame import Sampler
from quality.gx.oracle import Facts
from quality.model import Rule, Severity, Suite
from quality.service import Standards

_SHOWN = 20


def run(job: GateJob) -> GateResult:
    """Judge a job. Raises whatever the library or the files raise; the caller says ``error``."""
    standards = Standards.load(Path(job.home) if job.home else None, synthetic=job.synthetic)
    suite = standards.suite(job.suite)
    context = standards.context(date.fromisoformat(job.on) if job.on else None)
    facts = Facts(context.today, standards.code_table("division"))
    counters = _validate("summary", _summary(job), list(contract.summary()), index="key")
    rules = list(contract.compile_suite(suite, standards, facts))
    rows = _sample(job, suite)
    sampled = None
    if rows.height:
        JUDGES.set(contract.judges(suite, standards, facts, rows))
        frame = Sampler(suite, standards, facts).pandas(rows)
        sampled = _validate(suite.name, frame, [expectation for _, expectation in rules])
    result = _result(counters, sampled, rules, rows.height)
    if job.docs:
        masks = docs.masks(suite, standards)
        shown = [("summary", counters), ("sample", sampled)]
        page = docs.Page(suite.title, job.version, job.counts, result)
        docs.write(Path(job.docs), page, shown, masks)
    return result


def _summary(job: GateJob) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "key": f"{count.rule}:{count.column}",
                "rows": count.rows,
                "bad": count.bad,
                "rate": count.rate,
                "threshold": count.threshold,
            }
            for count in job.counts
        ],
        columns=["key", "rows", "bad", "rate", "threshold"],
    )


def _sample(job: GateJob, suite: Suite) -> pl.DataFrame:
    """Return at most ``sample_rows`` rows, spread evenly and the same ones every time."""
    if not job.parts:
        return pl.DataFrame(schema=dict.fromkeys(suite.names, pl.String))
    rows = pl.scan_parquet(list(job.parts))
    total = rows.select(pl.len()).collect().item()
    chosen = rows.select(suite.names).with_row_index("_place")
    if total > job.sample_rows:
        share = pl.col("_place").hash(seed=7) % total < job.sample_rows
        chosen = chosen.filter(share)
    return chosen.head(job.sample_rows).collect().select(suite.names)


def _validate(name: str, frame: pd.DataFrame, expectations: Iterable[Any], index: str = "") -> Any:
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe(name)
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=list(expectations)))
    definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
    form: dict[str, Any] = {"result_format": "SUMMARY", "partial_unexpected_count": _SHOWN}
    if index:
        form = {"result_format": "COMPLETE", "unexpected_index_column_names": [index]}
    return definition.run(batch_parameters={"dataframe": frame}, result_format=form)


def _result(counters: Any, sampled: Any, rules: list[tuple[Rule, Any]], rows: int) -> GateResult:
    answers = [*counters.results, *(sampled.results if sampled else ())]
    broken = [answer for answer in answers if _raised(answer)]
    if broken:
        names = sorted({answer.expectation_config.type for answer in broken})
        return GateResult(Outcome.ERROR, reason=f"exception in {', '.join(names)}", sampled=rows)
    failed = {
        str(place["key"])
        for answer in counters.results
        for place in answer.result.get("unexpected_index_list") or ()
    }
    keys = {_identity(expectation): rule.key for rule, expectation in rules}
    sample = {
        keys[_identity_of(answer)]: int(answer.result.get("unexpected_count", 0))
        for answer in (sampled.results if sampled else ())
    }
    # published rows may break rules that only warn; how often is for the counters to judge
    strict = {rule.key for rule, _ in rules if rule.severity is Severity.ERROR}
    failed |= {key for key, count in sample.items() if count and key in strict}
    passed = counters.success and not failed
    outcome = Outcome.PASSED if passed else Outcome.FAILED
    return GateResult(outcome, tuple(sorted(failed)), rows, sample)


def _raised(answer: Any) -> bool:
    """Tell whether an expectation could not be evaluated; that is reported in two shapes."""
    info = answer.exception_info or {}
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(bool(entry.get("raised_exception")) for entry in info.values())


def _identity(expectation: Any) -> str:
    return str(expectation.id)


def _identity_of(answer: Any) -> str:
    return str(answer.expectation_config.id)
