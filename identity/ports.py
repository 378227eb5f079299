"""What ``identity`` needs from elsewhere, beyond the ports of ``kernel``."""

from __future__ import annotations

from kernel.ids import HolderRef
from kernel.ports import Vault

CITIZEN: str = "111"
"""证照持证主体代码类型代码 of GB/T 36903 for 公民身份号码."""


def holder_ref(vault: Vault, code: str) -> HolderRef:
    """Return the reference of a person by id number, equal to the one ``certificates`` keeps."""
    return HolderRef(vault.blind(f"holder:{CITIZEN}", code.strip().upper()))
