"""The press: templates compiled once per type and format, filled many times, read back to lint."""

from __future__ import annotations

from threading import Lock

from certificates.faces import compile_face
from certificates.faces.lint import lint
from certificates.fonts import Fonts
from certificates.model import CertificateType, FaceValues, Format, Template
from signing.model import Placement


class FacePress:
    """Implements ``certificates.ports.Press`` over ``certificates.faces``. Safe for threads."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts
        self._lock = Lock()
        self._templates: dict[tuple[str, str], Template] = {}

    def fill(self, kind: CertificateType, file_format: Format, values: FaceValues) -> bytes:
        """Return the unsealed file; raises as ``Template.fill`` does."""
        return self._template(kind, file_format).fill(values)

    def placement(self, kind: CertificateType, file_format: Format) -> Placement:
        """Return where the seal goes on that face."""
        return self._template(kind, file_format).placement

    def lint(
        self, kind: CertificateType, file_format: Format, values: FaceValues, unsealed: bytes
    ) -> tuple[str, ...]:
        """Read a face back and return what is wrong with it; faults name fields, never values."""
        return lint(file_format, kind, self._fonts, values, unsealed)

    def _template(self, kind: CertificateType, file_format: Format) -> Template:
        key = (kind.digest, file_format)
        with self._lock:
            found = self._templates.get(key)
            if found is None:
                found = self._templates[key] = compile_face(file_format, kind, self._fonts)
            return found
