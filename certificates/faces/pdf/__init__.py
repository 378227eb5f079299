"""Face format PDF 1.7 (ISO 32000-1), written by a small deterministic writer."""

from certificates.faces.pdf.read import read
from certificates.faces.pdf.template import PdfTemplate, of_layout
from certificates.faces.pdf.template import compile_pdf as compile  # noqa: A004  the verb every face format has

__all__ = ["PdfTemplate", "compile", "of_layout", "read"]
