"""Content-addressed objects: a folder by default, an S3 service at scale."""

from __future__ import annotations

from pathlib import Path

from kernel.ports import Objects, Probe
from storage.objects.folder import FolderObjects

__all__ = ["FolderObjects", "open_objects"]


def open_objects(address: str | Path, probe: Probe | None = None) -> Objects:
    """Open a folder path, ``file://`` path, or ``s3://`` / ``s3+http://`` address."""
    text = str(address)
    if text.startswith(("s3://", "s3+http://")):
        from storage.objects.s3 import S3Objects

        return S3Objects(text, probe)
    return FolderObjects(Path(text.removeprefix("file://")), probe)
