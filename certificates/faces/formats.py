"""The face formats: every package of this folder that has the verbs ``compile`` and ``read``."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from certificates.faces.layout import Layout
from certificates.faces.reading import Reading
from certificates.fonts import Fonts
from certificates.model import CertificateType, Template
from kernel.errors import TongbanError

FORMATS = tuple(
    sorted(
        module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.ispkg
    )
)
"""Names of the formats: ``ofd``, ``pdf``."""


def compile_face(file_format: str, kind: CertificateType, fonts: Fonts) -> Template:
    """Compile a type for one format.

    Raises TongbanError ``format-unknown``, ``glyph-missing`` or ``face-overflow``.
    """
    return of_layout(file_format, Layout.of(kind, fonts))


def of_layout(file_format: str, layout: Layout) -> Template:
    """Compile a laid-out type, whose layout several formats may share; raises as above."""
    if file_format not in FORMATS:
        raise TongbanError("format-unknown", format=file_format)
    template: Template = import_module(f"certificates.faces.{file_format}").of_layout(layout)
    return template


def reader(file_format: str) -> Callable[[bytes], Reading]:
    """Return the function that reads a file of this format back; for rehearsals and tests."""
    if file_format not in FORMATS:
        raise TongbanError("format-unknown", format=file_format)
    read: Callable[[bytes], Reading] = import_module(f"certificates.faces.{file_format}").read
    return read
