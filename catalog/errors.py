"""The closed set of codes of this room; texts in ``messages.toml``."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Everything that can go wrong between a department's file and a published version."""

    SOURCE_UNKNOWN = "source-unknown"
    SOURCE_INVALID = "source-invalid"
    CONNECTOR_UNKNOWN = "connector-unknown"
    DELIVERY_MISSING = "delivery-missing"
    DELIVERY_EMPTY = "delivery-empty"
    DELIVERY_TOO_LARGE = "delivery-too-large"
    DELIVERY_TRUNCATED = "delivery-truncated"
    DELIVERY_UNREADABLE = "delivery-unreadable"
    DELIVERY_CHANGING = "delivery-changing"
    ENCODING_UNKNOWN = "encoding-unknown"
    LINE_TOO_LONG = "line-too-long"
    COLUMNS_MISSING = "columns-missing"
    HEADER_MISSING = "header-missing"
    COUNTS_DIFFER = "counts-differ"
    GATE_REFUSED = "gate-refused"
    KEY_NOT_UNIQUE = "key-not-unique"
    RESOURCE_UNKNOWN = "resource-unknown"
    VERSION_UNKNOWN = "version-unknown"
    COLUMN_UNKNOWN = "column-unknown"
    SEARCH_EMPTY = "search-empty"
    BATCH_UNKNOWN = "batch-unknown"
    LINE_QUOTES = "line-quotes"
    ARCHIVE_FILES = "archive-files"
    ARCHIVE_PATH = "archive-path"
    ARCHIVE_ENCRYPTED = "archive-encrypted"
    ARCHIVE_BOMB = "archive-bomb"
    ARCHIVE_DAMAGED = "archive-damaged"
    ADDRESS_FILE = "address-file"
    DELIVERY_NAMES = "delivery-names"
    CHECKSUM_DIFFERS = "checksum-differs"
    CHECKSUM_MISSING = "checksum-missing"
