"""Pictures of certificates for pages: PNG of a PDF page.

The picture of an OFD is that of the PDF of the same certificate and version: both are drawn from
one layout of the same values.
"""

from __future__ import annotations

import io

from certificates.faces.pdf.read import PDFIUM


def png(pdf: bytes, *, page: int = 0, width: int = 1000) -> bytes:
    """Return a page (from 0) as PNG, ``width`` pixels wide, annotations such as seals drawn.

    For files of this hub: foreign files belong behind the fence. Raises IndexError for a page the
    file does not have.
    """
    import pypdfium2

    with PDFIUM:
        document = pypdfium2.PdfDocument(pdf)
        try:
            document.init_forms()
            if not 0 <= page < len(document):
                raise IndexError(page)
            held = document[page]
            picture = held.render(scale=width / held.get_width()).to_pil()
        finally:
            document.close()
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False)
    return out.getvalue()
