"""办理结果: the certificate that a granted matter ends with, made once however often it is asked.

The caller decides that there is to be one; what it shows comes from published data alone. So a
certificate whose register has not been delivered yet is waited for: ``register-awaited``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from certificates import register_store as store
from certificates import slot_store, subjects
from certificates.contents import open_contents
from certificates.errors import Code
from certificates.issue import Issuer
from certificates.model import CertificateStatus, CertificateType
from certificates.register_model import Certificate, Contents, Step
from certificates.register_store import Draft
from certificates.subjects import Subject
from certificates.tools import Tools
from kernel.actors import Actor
from kernel.errors import Refused
from kernel.ports import Recorded, Tx


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate in force and its printed number (证照编号)."""

    certificate: Certificate
    number: str


class Results:
    """Makes results. Every verb wants the right ``certificates.issue`` on the type's issuer."""

    def __init__(self, tools: Tools, issuer: Issuer) -> None:
        self._tools = tools
        self._issuer = issuer

    def ensure(self, actor: Actor, type_name: str, key: str) -> Recorded[Made | Refused]:
        """Issue the certificate of ``key``, or return the one that is in force.

        One left half made is finished first. Refused: ``register-awaited`` while no published row
        has the key, ``reissue-impossible`` where the certificate is suspended or reported lost,
        else as ``Issuer.issue``; raises as it does.
        """
        kind = self._tools.types[type_name]
        found = self._subject(actor, kind, key)
        if isinstance(found, Refused):
            return Recorded(found, ())
        held = self._held(kind, found.contents)
        if held is not None:
            return Recorded(self._made(held), ())
        return self._told(self._issuer.issue(actor, type_name, key))

    def renew(
        self, actor: Actor, type_name: str, key: str, shows: Mapping[str, str]
    ) -> Recorded[Made | Refused]:
        """Issue the next version of the certificate of ``key``, unless it shows the values already.

        ``shows`` maps a field, or a column of a table (``members.id_number``), to the value that
        one row must have. Without a certificate in force the first one is issued. Refused:
        ``register-awaited`` while the published data do not show the values; else as ``ensure`` and
        ``Issuer.reissue``; raises as they do.
        """
        kind = self._tools.types[type_name]
        found = self._subject(actor, kind, key)
        if isinstance(found, Refused):
            return Recorded(found, ())
        if not _shown(found.contents, shows):
            return Recorded(Refused(Code.REGISTER_AWAITED), ())
        held = self._held(kind, found.contents)
        if held is None:
            return self._told(self._issuer.issue(actor, type_name, key))
        held = self._succeeded(actor, kind, found, held)
        one = held.certificate
        if _shown(open_contents(self._tools.vault, one.id, held.contents), shows):
            return Recorded(self._made(held), ())
        return self._told(self._issuer.reissue(actor, one.id))

    def _subject(self, actor: Actor, kind: CertificateType, key: str) -> Subject | Refused:
        """Return what the published data say now; an issue left half made is finished first."""
        refused = self._issuer.denied(actor, kind)
        if refused:
            return refused
        found = subjects.gather(self._tools.source, self._tools.vault, kind, [key])[key]
        if isinstance(found, Refused):
            awaited = found.code == Code.SUBJECT_UNKNOWN
            return Refused(Code.REGISTER_AWAITED) if awaited else found
        held = self._held(kind, found.contents)
        if held is not None and held.certificate.step is not Step.ISSUED:
            self._issuer.resume_one(actor, held.certificate.id)
        return found

    def _succeeded(self, actor: Actor, kind: CertificateType, found: Subject, held: Draft) -> Draft:
        """Finish a next version that was left half made, and return what is in force then."""
        left = self._tools.transactions.read(
            lambda tx: store.successor_under_way(tx, held.certificate.id)
        )
        if left is None:
            return held
        self._issuer.resume_one(actor, left)
        return self._held(kind, found.contents) or held

    def _held(self, kind: CertificateType, contents: Contents) -> Draft | None:
        """Return the certificate that has the printed number of these contents, if any."""
        number = subjects.number_slot(self._tools.vault, kind, contents)

        def look(tx: Tx) -> Draft | None:
            found = store.find(tx, [*slot_store.slot_owners(tx, kind.name, [number]).values()])
            return found[0] if found else None

        return self._tools.transactions.read(look)

    def _made(self, held: Draft) -> Made | Refused:
        one = held.certificate
        if (one.step, one.status) != (Step.ISSUED, CertificateStatus.ISSUED):
            return Refused(Code.REISSUE_IMPOSSIBLE)
        return Made(one, open_contents(self._tools.vault, one.id, held.contents).number)

    def _told(self, done: Recorded[Certificate | Refused]) -> Recorded[Made | Refused]:
        one = done.value
        if isinstance(one, Refused):
            return Recorded(one, done.journal)
        drafts = self._tools.transactions.read(lambda tx: store.find(tx, [one.id]))
        return Recorded(self._made(drafts[0]), done.journal)


def _shown(contents: Contents, shows: Mapping[str, str]) -> bool:
    """Tell whether contents have each value; an empty value is shown by nothing."""
    for name, value in shows.items():
        table, _, column = name.partition(".")
        values = (
            {row.get(column, "") for row in contents.rows.get(table, ())}
            if column
            else {contents.fields.get(name, "")}
        )
        if not value or value not in values:
            return False
    return True
