"""The press: templates compiled once per type and format, filled many times, read back to lint."""

from __future__ import annotations

from threading import Lock

from certificates.faces.formats import of_layout
from certificates.faces.layout import Layout
from certificates.faces.lint import against
from certificates.fonts import Fonts
from certificates.model import CertificateType, FaceValues, Format, Template
from signing.model import Placement


class FacePress:
    """Implements ``certificates.ports.Press`` over ``certificates.faces``. Safe for threads."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts
        self._lock = Lock()
        self._templates: dict[tuple[str, str], Template] = {}
        self._layouts: dict[str, Layout] = {}

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
        with self._lock:
            layout = self._layout(kind)
        return against(layout, file_format, values, unsealed)

    def _template(self, kind: CertificateType, file_format: Format) -> Template:
        key = (kind.digest, file_format)
        with self._lock:
            found = self._templates.get(key)
            if found is None:
                found = self._templates[key] = of_layout(file_format, self._layout(kind))
            return found

    def _layout(self, kind: CertificateType) -> Layout:
        """Return the layout that all formats of a type share; the caller holds the lock."""
        found = self._layouts.get(kind.digest)
        if found is None:
            found = self._layouts[kind.digest] = Layout.of(kind, self._fonts)
        return found
