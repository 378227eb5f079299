"""Settings of key devices as what the signer is started with."""

from __future__ import annotations

from hub.errors import Code
from hub.key_settings import KeySettings
from kernel.errors import TongbanError
from signing.signer.process import KeyDevice


def key_devices(settings: KeySettings) -> tuple[KeyDevice, ...]:
    """Return the devices that make keys of this hub; none where the encrypted file makes all.

    Raises TongbanError ``setting-invalid`` with the names of what a chosen device still needs.
    """
    found = []
    if settings.keystore_sm2 == "sdf":
        module, pin = settings.sdf_module, settings.sdf_pin_file
        if module is None or pin is None:
            raise _missing(sdf_module=module, sdf_pin_file=pin)
        found.append(KeyDevice("sm2", "sdf", pin, module))
    if settings.keystore_p256 == "pkcs11":
        module, pin, token = settings.pkcs11_module, settings.pkcs11_pin_file, settings.pkcs11_token
        if module is None or pin is None or not token:
            raise _missing(pkcs11_module=module, pkcs11_pin_file=pin, pkcs11_token=token)
        found.append(KeyDevice("p256", "pkcs11", pin, module, token))
    return tuple(found)


def _missing(**given: object) -> TongbanError:
    names = [f"TONGBAN_{name.upper()}" for name, value in given.items() if not value]
    return TongbanError(Code.SETTING_INVALID, names=", ".join(names))
