"""Sealed contents: the one column in which the values of a certificate are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from certificates.register_model import Contents, Holder
from kernel.ids import CertificateId, HolderRef
from kernel.ports import Vault

_PLACE = ("certificates_certificate", "contents")


def seal(vault: Vault, certificate: CertificateId, key: str, contents: Contents) -> bytes:
    """Encrypt contents, bound to the certificate; ``key`` is the type's key value."""
    body = {
        "key": key,
        "number": contents.number,
        "holders": [
            {"ref": item.ref, "type": item.code_type, "code": item.code, "name": item.name}
            for item in contents.holders
        ],
        "fields": dict(contents.fields),
        "rows": {name: [dict(row) for row in rows] for name, rows in contents.rows.items()},
    }
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    table, column = _PLACE
    return vault.seal(table, certificate, column, text)


def open_contents(vault: Vault, certificate: CertificateId, sealed: bytes) -> Contents:
    """Decrypt; raises TongbanError ``cell-corrupt``."""
    body = _open(vault, certificate, sealed)
    holders = tuple(
        Holder(HolderRef(item["ref"]), item["type"], item["code"], item["name"])
        for item in body["holders"]
    )
    rows = {name: tuple(found) for name, found in body["rows"].items()}
    return Contents(body["number"], holders, body["fields"], rows)


def open_key(vault: Vault, certificate: CertificateId, sealed: bytes) -> str:
    """Decrypt the type's key value, by which the sources are asked again for a re-issue."""
    return str(_open(vault, certificate, sealed)["key"])


def is_of(
    vault: Vault,
    certificate: CertificateId,
    sealed: bytes,
    key: str,
    holders: AbstractSet[HolderRef],
) -> bool:
    """Tell whether contents are of the subject with this key, and one of its holders' still.

    A number that the source gave to other people since then is another subject's.
    """
    body = _open(vault, certificate, sealed)
    held = {item["ref"] for item in body["holders"]}
    return bool(body["key"] == key and held & holders)


def _open(vault: Vault, certificate: CertificateId, sealed: bytes) -> Mapping[str, Any]:
    table, column = _PLACE
    body: Mapping[str, Any] = json.loads(vault.open(table, certificate, column, sealed))
    return body
