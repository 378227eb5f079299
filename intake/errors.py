"""The closed set of refusals and failures of intake. Texts are in ``messages.toml``."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why something was not done, or what is still missing."""

    JOURNEY_UNKNOWN = "journey-unknown"
    JOURNEY_INVALID = "journey-invalid"
    CASE_UNKNOWN = "case-unknown"
    CASE_CLOSED = "case-closed"
    SUBJECT_NOT_FOUND = "subject-not-found"
    SUBJECT_AMBIGUOUS = "subject-ambiguous"
    ENTRY_CONDITION = "entry-condition"
    APPLICANT_NOT_GUARDIAN = "applicant-not-guardian"
    REGION_UNKNOWN = "region-unknown"
    REGION_UNSAID = "region-unsaid"
    STEP_UNKNOWN = "step-unknown"
    STEP_NOT_READY = "step-not-ready"
    MATERIAL_UNKNOWN = "material-unknown"
    MATERIAL_MET = "material-met"
    AUTOMATIC_FIRST = "automatic-first"
    WAY_NOT_OFFERED = "way-not-offered"
    PROMISE_DECLINED = "promise-declined"
    UPLOAD_EMPTY = "upload-empty"
    UPLOAD_TOO_LARGE = "upload-too-large"
    UPLOAD_TYPE = "upload-type"
    FIELD_UNKNOWN = "field-unknown"
    FIELD_PREFILLED = "field-prefilled"
    FIELD_INVALID = "field-invalid"
    GAPS_OPEN = "gaps-open"
    MATERIAL_OPEN = "material-open"
    FIELD_EMPTY = "field-empty"
    CONSENT_NEEDED = "consent-needed"
    VALUES_DIFFER = "values-differ"
    NO_RECORD = "no-record"
    STEP_NOT_DONE = "step-not-done"
    RESULT_MISSING = "result-missing"
    RESULT_KEY = "result-key"
