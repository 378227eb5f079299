"""The closed set of storage failures. Texts and next steps are in ``messages.toml``."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """What can go wrong below every room."""

    DISK_FULL = "disk-full"
    DATABASE_BUSY = "database-busy"
    DATABASE_UNAVAILABLE = "database-unavailable"
    DATABASE_CORRUPT = "database-corrupt"
    DATABASE_URL = "database-url"
    SCHEMA_DIFFERS = "schema-differs"
    ENTRY_TOO_LARGE = "entry-too-large"
    FILE_MISSING = "file-not-found"
    STORE_UNWRITABLE = "store-unwritable"
    OBJECT_MISSING = "object-missing"
    OBJECT_CORRUPT = "object-corrupt"
    OBJECT_NAME = "object-name"
    OBJECTS_UNAVAILABLE = "objects-unavailable"
    OBJECTS_URL = "objects-url"
    CELL_CORRUPT = "cell-corrupt"
    KEY_FILE_MISSING = "key-file-missing"
    KEY_FILE_OPEN = "key-file-open"
    KEY_FILE_WRONG = "key-file-wrong"
