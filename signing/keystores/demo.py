"""Demo keys (演示密钥): the encrypted file under a password that everybody can read here.

UNSAFE. It says so in its log line and its file name, and production refuses to open it.
"""

from __future__ import annotations

import structlog

from kernel.errors import TongbanError
from signing.keystores.encrypted_file import Cost, EncryptedFile
from signing.keystores.options import Options

NAME = "demo"
FILE = "keys/UNSAFE-demo-keystore.json"
PASSWORD = b"this password protects nothing"


def open_store(options: Options) -> EncryptedFile:
    """Open the demo keys; raises TongbanError ``demo-keystore-refused`` in production."""
    if options.environment == "production":
        raise TongbanError("demo-keystore-refused")
    structlog.get_logger("signing").warning(
        "demo-keystore-is-unsafe", notice="演示密钥不受保护，不得用于真实证照"
    )
    cheap = Cost(memory_kib=8 * 1024, passes=1, lanes=1)
    return EncryptedFile(options.home / FILE, PASSWORD, cost=cheap, demo=True)
