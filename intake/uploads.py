"""What may be uploaded: sort, size and first bytes are checked before anything is kept."""

from __future__ import annotations

from collections.abc import Mapping

from intake.errors import Code
from intake.journey_model import UploadWay
from kernel.errors import Refused

MAGIC: Mapping[str, bytes] = {
    "application/pdf": b"%PDF-",
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
}
"""First bytes of each accepted sort; a sort without an entry is never accepted."""

SUFFIX: Mapping[str, str] = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
}


def media_of(data: bytes) -> str:
    """Return the sort of a kept scan by its first bytes; ``application/octet-stream`` for none."""
    found = (media for media, magic in MAGIC.items() if data.startswith(magic))
    return next(found, "application/octet-stream")


def refusal(way: UploadWay, media: str, data: bytes) -> Refused | None:
    """Return why a file is not accepted, or None."""
    if not data:
        return Refused(Code.UPLOAD_EMPTY)
    if len(data) > way.max_bytes:
        return Refused(Code.UPLOAD_TOO_LARGE, {"limit": str(way.max_bytes)})
    if media not in way.media or media not in MAGIC or not data.startswith(MAGIC[media]):
        return Refused(Code.UPLOAD_TYPE, {"media": ", ".join(way.media)})
    return None
