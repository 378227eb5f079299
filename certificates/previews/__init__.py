"""Pictures of pages of files that nobody trusts, drawn in a process of its own with limits.

PDF pages are drawn by PDFium. OFD pages are drawn here: text, paths and pictures of GB/T 33190,
and the seals where the file puts them; what is left out is told, never guessed.
"""

from __future__ import annotations

from certificates.previews.fenced import Limits, Previewer
from certificates.previews.model import Pages, Picture

__all__ = ["Limits", "Pages", "Picture", "Previewer"]
