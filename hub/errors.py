"""The closed set of reasons for which the door itself refuses or fails."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Each has its message in ``messages.toml``. ``not-permitted`` comes from the kernel."""

    NOT_PERMITTED = "not-permitted"
    SIGN_IN_NEEDED = "sign-in-needed"
    BEARER_NEEDED = "bearer-needed"
    PAGE_NOT_FOUND = "page-not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    REQUEST_MALFORMED = "request-malformed"
    REQUEST_TOO_LARGE = "request-too-large"
    MEDIA_TYPE_UNSUPPORTED = "media-type-unsupported"
    ORIGIN_FOREIGN = "origin-foreign"
    FILE_MISSING = "file-missing"
    VERIFICATION_TICKET = "verification-ticket"
    MOMENT_MALFORMED = "moment-malformed"
    REPORT_SEAL_MISSING = "report-seal-missing"
    CONFIRMATION_MISSING = "confirmation-missing"
    DECISION_MISSING = "decision-missing"
    BUSY = "busy"
    INTERNAL = "internal-error"
    SETTING_INVALID = "setting-invalid"
    AIRFLOW_MIGRATE_FAILED = "airflow-migrate-failed"
    AIRFLOW_UNHEALTHY = "airflow-unhealthy"
    AIRFLOW_PORT_TAKEN = "airflow-port-taken"
    AIRFLOW_REFUSED = "airflow-refused"
    AIRFLOW_RUN_FAILED = "airflow-run-failed"
    WEB_NOT_STARTED = "web-not-started"
    WEB_PORT_TAKEN = "web-port-taken"
    TLS_UNUSABLE = "tls-unusable"
    REGISTRY_UNREADABLE = "registry-unreadable"
    DEMO_CITY_TOO_SMALL = "demo-city-too-small"
    DEMO_CITY_ENDED = "demo-city-ended"
    DEMO_REGION_UNKNOWN = "demo-region-unknown"
    DEMO_STEP_FAILED = "demo-step-failed"
    SEAL_UNAVAILABLE = "seal-unavailable"
