"""Draw certificates: one layout engine, one drawer per file format.

A face is laid out into marks (``marks``, ``layout``); ``pdf`` and ``ofd`` write the same marks.
"""

from __future__ import annotations

from certificates.faces.formats import FORMATS, compile_face

__all__ = ["FORMATS", "compile_face"]
