"""The dress rehearsal of a seal: same file, same picture, a key made here and thrown away.

What is wrong with a template shows before the real key is used (principle: rehearse, then seal).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from certificates.model import Format
from certificates.ports import Rehearsal, SealOrder
from signing import x509
from signing.algorithms import by_name
from signing.model import SealMaterial, SignDigest
from signing.ses import build as ses

ALGORITHM: Mapping[Format, str] = {"ofd": "sm2_sm3", "pdf": "ecdsa_p256"}
"""GB/T 38540 seals need SM2; PAdES for readers everywhere needs P-256."""
_LIFETIME = timedelta(days=2)
_UNIT = 1


def apply_seal(
    order: SealOrder, unsealed: bytes, material: SealMaterial, sign: SignDigest
) -> bytes:
    """Place and apply a seal in the order's format; errors as ``signing.formats`` raises them."""
    if order.format == "ofd":
        from signing.formats.ofd import seal as ofd

        return ofd.seal(unsealed, material, [order.placement], order.at, sign)
    from signing.formats.pdf import seal as pdf

    return pdf.seal(unsealed, material, [order.placement], order.at, sign)


@dataclass(frozen=True, slots=True)
class _Cast:
    """A throw-away root and a signer under it."""

    root: bytes
    signer: bytes
    private: bytes
    root_private: bytes


@dataclass(frozen=True, slots=True)
class _Prop:
    """Seal data made for a rehearsal: what they look like and since when they hold."""

    look: tuple[bytes, str, bytes, float, float]
    since: datetime
    seal: bytes


@dataclass(slots=True)
class Understudy:
    """Seals with keys of this process; they are made on first use and never written."""

    _casts: dict[str, _Cast] = field(default_factory=dict)
    _prop: _Prop | None = None

    def perform(
        self, order: SealOrder, unsealed: bytes, picture: SealMaterial, form: str = ""
    ) -> Rehearsal:
        """Return the file sealed by the understudy and the anchor that vouches for it.

        ``form`` names the seal that it stands in for.
        """
        algorithm = ALGORITHM[order.format]
        cast = self._cast(algorithm, order.at)
        material = replace(
            picture,
            certificate=cast.signer,
            chain=(),
            seal_der=self._seal(cast, picture, order.at) if order.format == "ofd" else b"",
        )
        sign = _signer(algorithm, cast.private)
        return Rehearsal(apply_seal(order, unsealed, material, sign), (cast.root,), form)

    def _seal(self, cast: _Cast, picture: SealMaterial, at: datetime) -> bytes:
        """Return seal data like the real one; those made last serve again while they may."""
        look = (cast.signer, picture.name, picture.picture_png, picture.width_mm, picture.height_mm)
        held = self._prop
        if held is None or held.look != look or not held.since <= at <= held.since + _LIFETIME / 2:
            held = self._prop = _Prop(look, at.replace(microsecond=0), _seal(cast, picture, at))
        return held.seal

    def _cast(self, algorithm: str, at: datetime) -> _Cast:
        held = self._casts.get(algorithm)
        if held is not None and x509.parse(held.signer).not_before <= at:
            return held
        made = self._casts[algorithm] = _make(algorithm, at)
        return made


def _make(algorithm: str, at: datetime) -> _Cast:
    method = by_name(algorithm)
    root_private, private = method.generate(), method.generate()
    root_spki, spki = method.public_key(root_private), method.public_key(private)
    start, end = at.replace(microsecond=0) - _LIFETIME, at.replace(microsecond=0) + 200 * _LIFETIME
    name = x509.Name("演练根证书（一次性）", "演练 REHEARSAL")
    root = x509.build(
        subject=name,
        issuer_raw=None,
        spki=root_spki,
        issuer_spki=root_spki,
        profile=x509.ROOT,
        not_before=start,
        not_after=end,
        algorithm=algorithm,
        sign=_signer(algorithm, root_private),
    )
    signer = x509.build(
        subject=replace(name, common_name="演练签章人（一次性）"),
        issuer_raw=x509.parse(root).subject_raw,
        spki=spki,
        issuer_spki=root_spki,
        profile=x509.SIGNER,
        not_before=start,
        not_after=end,
        algorithm=algorithm,
        sign=_signer(algorithm, root_private),
    )
    return _Cast(root, signer, private, root_private)


def _seal(cast: _Cast, picture: SealMaterial, at: datetime) -> bytes:
    """Return seal data like the real one, made by the understudy as its own seal maker."""
    method = by_name("sm2_sm3")
    moment = at.replace(microsecond=0)
    info = ses.seal_info(
        es_id="REHEARSAL",
        kind=_UNIT,
        name=picture.name,
        certificates=(cast.signer,),
        created=moment - timedelta(hours=1),
        valid_from=moment - timedelta(hours=1),
        valid_to=moment + _LIFETIME,
        picture=ses.Picture(
            "PNG", picture.picture_png, round(picture.width_mm), round(picture.height_mm)
        ),
        vid="TONGBAN",
    )
    spki = x509.parse(cast.signer).spki
    signature = _signer("sm2_sm3", cast.private)(method.digest(info, spki))
    return ses.seal(info, cast.signer, method.oid, signature)


def _signer(algorithm: str, private: bytes) -> Callable[[bytes], bytes]:
    method = by_name(algorithm)
    return lambda digest: method.sign_digest(private, digest)
