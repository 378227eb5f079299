"""Outlines for certificates: look a character up, measure it, embed it.

Faces come from installed packages and from files named in the settings, asked in order for each
character. A character that none has stops the issue: ``.notdef`` is never drawn.
"""

from certificates.fonts.book import Embedded, Fonts

__all__ = ["Embedded", "Fonts"]
