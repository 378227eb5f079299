"""Face format OFD (GB/T 33190), fonts embedded, metadata in the document information."""

from certificates.faces.ofd.read import read
from certificates.faces.ofd.template import OfdTemplate, of_layout
from certificates.faces.ofd.template import compile_ofd as compile  # noqa: A004  the verb every face format has

__all__ = ["OfdTemplate", "compile", "of_layout", "read"]
