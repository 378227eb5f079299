"""What ``identity`` needs from elsewhere, beyond the ports of ``kernel``."""

from __future__ import annotations

from typing import Final, Protocol

from identity.model import Org

HOLDER_LABEL: Final = "holder"
"""Label under which ``Vault.blind`` turns a holder's code into a ``HolderRef``."""


class OrgNames(Protocol):
    """The narrow view other rooms take of the directory."""

    def org(self, key_or_code: str) -> Org | None:
        """Return the organisation with this short key or credit code, or None."""
