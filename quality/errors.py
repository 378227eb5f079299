"""The closed set of codes of this room: failures of the machinery and rules a value can break."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Failures raised as TongbanError, then the rules that findings name."""

    ELEMENT_UNKNOWN = "element-unknown"
    TABLE_UNKNOWN = "code-table-unknown"
    TABLE_INVALID = "code-table-invalid"
    SUITE_UNKNOWN = "suite-unknown"
    SUITE_INVALID = "suite-invalid"
    COLUMN_MISSING = "column-missing"
    GATE_UNAVAILABLE = "gate-unavailable"

    UNDECODABLE = "line-undecodable"
    FIELD_COUNT = "field-count"
    REQUIRED = "required"
    ID_FORMAT = "id-format"
    ID_FLOAT = "id-float-damage"
    ID_CHECK = "id-check-digit"
    ID_DATE = "id-date"
    ID_FUTURE = "id-date-in-future"
    ID_DIVISION = "id-division"
    CREDIT_FORMAT = "credit-code-format"
    CREDIT_CHECK = "credit-code-check-digit"
    CREDIT_ORG = "credit-code-organisation"
    DATE_FORMAT = "date-format"
    DATE_IMPOSSIBLE = "date-impossible"
    DATE_FUTURE = "date-in-future"
    DATE_EARLY = "date-too-early"
    CODE_UNKNOWN = "code-unknown"
    CODE_ABOLISHED = "code-abolished"
    NAME_FORMAT = "name-format"
    TEXT_FORMAT = "text-format"
    NUMBER_FORMAT = "number-format"
    AMOUNT_FORMAT = "amount-format"
    AMOUNT_RANGE = "amount-out-of-range"
    UNIT_DIVISION = "estate-unit-division"
    LIST_REPEATED = "list-repeated"
    DUPLICATE = "duplicate"
