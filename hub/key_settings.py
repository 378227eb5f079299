"""Settings of keys, certificates and time stamps: the parts of ``hub.settings`` for signing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from kernel.errors import TongbanError
from signing.address import callable_parts


class KeySettings(BaseModel):
    """Where keys are made. The encrypted file holds what no device takes over, always the log's."""

    keystore_sm2: Literal["encrypted_file", "sdf"] = Field(
        default="encrypted_file",
        description="where SM2 keys are made: the encrypted file, or a device by GM/T 0018 (SDF)",
    )
    keystore_p256: Literal["encrypted_file", "pkcs11"] = Field(
        default="encrypted_file",
        description="where P-256 and RSA keys are made: the encrypted file, or a PKCS#11 token",
    )
    sdf_module: Path | None = Field(
        default=None,
        description="library of the SDF device; or, never in production, the stand-in's socket",
    )
    sdf_pin_file: Path | None = Field(
        default=None, description="file of the SDF device's PIN, mode 0600"
    )
    pkcs11_module: Path | None = Field(default=None, description="library of the PKCS#11 token")
    pkcs11_token: str = Field(default="", description="label of the PKCS#11 token")
    pkcs11_pin_file: Path | None = Field(
        default=None, description="file of the token's PIN, mode 0600"
    )

    @field_validator(
        "sdf_module", "sdf_pin_file", "pkcs11_module", "pkcs11_pin_file", mode="before"
    )
    @classmethod
    def _nothing(cls, value: object) -> object:
        return value or None


class AuthoritySettings(BaseModel):
    """What the region's CA puts into the certificates that it gives out."""

    ocsp_address: str = Field(
        default="",
        validate_default=True,
        description="where others reach this hub's /ocsp; named in certificates that its CA gives "
        "out from then on; empty: none",
    )

    @field_validator("ocsp_address")
    @classmethod
    def _callable(cls, value: str) -> str:
        if not value:
            return value
        try:
            callable_parts(value, "ocsp-address")
        except TongbanError as error:
            raise ValueError(error.code) from error
        if not value.isascii():
            raise ValueError("an international name belongs here as xn--…")
        return value


class TimeSettings(BaseModel):
    """Who stamps time, and which files carry stamps."""

    time_stamps: Literal["none", "own", "outside"] = Field(
        default="none", description="who stamps time: nobody, this hub itself, an authority outside"
    )
    time_stamp_url: str = Field(
        default="",
        description="address of the authority outside (RFC 3161), https or on this machine",
    )
    time_stamp_anchors: Path | None = Field(
        default=None, description="PEM file of the certificates that vouch for that authority"
    )
    time_stamp_policy: str = Field(
        default="",
        pattern=r"^[0-9.]*$",
        description="policy OID asked of it; empty: its own choice",
    )
    time_stamp_timeout: float = Field(
        default=5.0, gt=0, le=60, description="seconds for each step of a question to it"
    )
    time_stamp_failure: Literal["refuse", "later"] = Field(
        default="refuse",
        description="when it fails: issue nothing, or issue at B-B and stamp with tongban archive",
    )
    pdf_level: Literal["B-B", "B-T", "B-LT", "B-LTA"] = Field(
        default="B-B", validate_default=True, description="PAdES level of issued PDFs"
    )
    ofd_time_stamps: bool = Field(
        default=False,
        validate_default=True,
        description="put tokens (GB/T 20520) into the seals of issued OFDs",
    )

    @field_validator("time_stamp_anchors", mode="before")
    @classmethod
    def _nothing(cls, value: object) -> object:
        return value or None

    @field_validator("pdf_level", "ofd_time_stamps")
    @classmethod
    def _stamped(cls, value: object, info: ValidationInfo) -> object:
        if value not in ("B-B", False) and info.data.get("time_stamps") == "none":
            raise ValueError("somebody must stamp time")
        return value
