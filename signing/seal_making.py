"""Draws a seal and makes its keys, certificates and data (制章), once it was approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from kernel.actors import system
from kernel.errors import Refused, TongbanError
from kernel.ports import Objects, Vault
from signing.algorithms import by_name
from signing.authority import ACTION, FAMILIES, RegionalCA, sign_with
from signing.drawing import (
    LONGEST_NAME,
    LONGEST_PERSON,
    LONGEST_SECOND_LINE,
    SHORTEST_NAME,
    SHORTEST_PERSON,
    Drawing,
    Glyphs,
    PersonalSeal,
    RoundSeal,
    personal_seal,
    png,
    round_seal,
)
from signing.ports import Purpose, Signer
from signing.seal_model import Role, Seal, SealApplication
from signing.ses.build import Picture, seal, seal_info

MAKER = "sm2_sm3"
"""Algorithm of seal data after GB/T 38540."""
DPI = 300
SIZES_MM = {False: (20, 60), True: (10, 30)}
"""Smallest and largest, of an authority's seal and of a person's."""
LONGEST = timedelta(days=366 * 10)
_TYPE = {False: 1, True: 2}
"""Type in the seal's data: of an organisation (单位印章), of a person (个人名章)."""
_VENDOR = "TONGBAN"
_PLACE = ("signing_seals", "person")


class SealMaker:
    """Draws and makes; keeps no register."""

    def __init__(
        self,
        *,
        objects: Objects,
        signer: Signer,
        authority: RegionalCA,
        glyphs: Glyphs,
        vault: Vault | None = None,
    ) -> None:
        """Join the ports; without a ``vault`` no seal that bears a person's name is made."""
        self._objects = objects
        self._signer = signer
        self._authority = authority
        self._glyphs = glyphs
        self._vault = vault
        self.actor = system("seal-maker", rights=(ACTION,))

    def hide(self, new: Seal) -> Seal:
        """Return the seal with the person's name kept by the vault, and nowhere else."""
        wanted = new.application
        if not wanted.personal:
            return new
        if self._vault is None:
            raise TongbanError("seal-not-possible", reason="no vault for a person's name")
        table, column = _PLACE
        kept = self._vault.seal(table, new.seal_id, column, wanted.person)
        return replace(new, application=replace(wanted, person=""), person_sealed=kept)

    def reveal(self, held: Seal) -> SealApplication:
        """Return what was asked for, with the person's name if it bears one."""
        if not held.person_sealed or self._vault is None:
            return held.application
        table, column = _PLACE
        name = self._vault.open(table, held.seal_id, column, held.person_sealed)
        return replace(held.application, person=name)

    def drawing(self, wanted: SealApplication) -> Drawing:
        """Return the seal's lines; raises TongbanError ``seal-glyph-missing``."""
        size = float(wanted.diameter_mm)
        if wanted.personal:
            return personal_seal(PersonalSeal(wanted.person, side_mm=size), self._glyphs)
        second = wanted.second_line or ("演示专用章" if self._authority.region.demo else "")
        return round_seal(RoundSeal(wanted.org_name, second, size), self._glyphs)

    def draw(self, wanted: SealApplication, dpi: int = DPI) -> bytes:
        """Return the seal as PNG with alpha; raises TongbanError ``seal-glyph-missing``."""
        return png(self.drawing(wanted), dpi)

    def make(self, approved: Seal) -> bytes:
        """Return the signed data of an approved seal; the same one when asked again.

        Raises TongbanError ``seal-state`` and of the authority and the signer.
        """
        wanted, moment = approved.application, approved.approved_at
        if moment is None or approved.picture is None:
            raise TongbanError("seal-state", seal=approved.seal_id, state=approved.state)
        certificates: dict[str, bytes] = {}
        for algorithm in FAMILIES:
            given = self._authority.certify(
                self.actor,
                subject=approved.seal_id,
                algorithm=algorithm,
                org=wanted.org,
                org_name=wanted.org_name,
            )
            if isinstance(given, Refused):
                raise TongbanError(given.code, **given.params)
            certificates[algorithm] = given[0].cert.der
        size = wanted.diameter_mm
        info = seal_info(
            es_id=approved.seal_id,
            kind=_TYPE[wanted.personal],
            name=approved.name,
            certificates=(certificates[MAKER],),
            created=moment,
            valid_from=wanted.valid_from,
            valid_to=wanted.valid_to,
            picture=Picture("PNG", self._objects.get(approved.picture), size, size),
            vid=_VENDOR,
        )
        return self._signed(approved, info)

    def _signed(self, approved: Seal, info: bytes) -> bytes:
        maker = self._authority.current(Role.SEAL_MAKER, MAKER)
        method = by_name(MAKER)
        sign = sign_with(
            self._signer,
            maker.key,
            Purpose.MAKE_SEAL,
            f"seal-data.{approved.seal_id}",
            seal=approved.seal_id,
            approval=approved.approved_by,
        )
        digest = method.digest(info, maker.cert.spki)
        signature = sign(digest)
        if not method.verify_digest(maker.cert.spki, digest, signature):
            raise TongbanError("signature-failed", algorithm=MAKER)
        return seal(info, maker.cert.der, method.oid, signature)


def flaw(wanted: SealApplication, applicant: str) -> str:
    """Return the names of what is wrong with an application, or nothing."""
    length = wanted.valid_to - wanted.valid_from
    smallest, largest = SIZES_MM[wanted.personal]
    person = "".join(wanted.person.split())
    shortest, longest = (SHORTEST_PERSON, LONGEST_PERSON) if wanted.personal else (0, 0)
    flaws = {
        "org": not wanted.org,
        "division": not wanted.division.isdigit(),
        "org_name": not SHORTEST_NAME <= len("".join(wanted.org_name.split())) <= LONGEST_NAME,
        "second_line": len("".join(wanted.second_line.split())) > LONGEST_SECOND_LINE,
        "person": not shortest <= len(person) <= longest,
        "validity": not timedelta(0) < length <= LONGEST,
        "diameter": not smallest <= wanted.diameter_mm <= largest,
        "types": any("," in item or not item for item in wanted.types),
        "users": any("," in item or item in ("", applicant) for item in wanted.users),
    }
    return ", ".join(name for name, wrong in flaws.items() if wrong)
