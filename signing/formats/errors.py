"""What a reader raises when a file is not what it must be."""

from __future__ import annotations


class FormatError(Exception):
    """The file breaks a rule. ``code`` is a finding's code, ``path`` the part, ``detail`` why."""

    def __init__(self, code: str, detail: str, path: str = "") -> None:
        """Keep what the report needs; nothing of it is personal data."""
        super().__init__(f"{code}: {detail} {path}".rstrip())
        self.code = code
        self.detail = detail
        self.path = path
