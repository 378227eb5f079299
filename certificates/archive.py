"""Originals renewed for the archive: the register names the new file, the old bytes stay."""

from __future__ import annotations

from collections.abc import Iterator

from certificates import archive_store as store
from certificates.errors import Code
from certificates.register_model import StoredFile
from certificates.tools import Tools
from kernel.actors import Actor, authorise
from kernel.errors import Refused
from kernel.ids import CertificateId
from kernel.ports import Event, Json, Recorded, Tx

ACTION = "certificates.archive"
_PAGE = 500


class Archive:
    """Walks through originals and exchanges them, for those with ``certificates.archive``."""

    def __init__(self, tools: Tools) -> None:
        """Join the ports."""
        self._tools = tools

    def count(self) -> int:
        """Return how many originals there are; a figure, no person."""
        return self._tools.transactions.read(store.count)

    def originals(self, actor: Actor) -> Iterator[tuple[CertificateId, StoredFile]] | Refused:
        """Iterate over the originals of issued certificates of every status, in bounded memory."""
        allowed = authorise(actor, ACTION)
        return allowed if isinstance(allowed, Refused) else self._walk()

    def read(self, item: StoredFile) -> bytes:
        """Return the bytes of an original; who walks through them may."""
        return self._tools.objects.get(item.digest)

    def exchange(
        self,
        actor: Actor,
        key: CertificateId,
        old: StoredFile,
        data: bytes,
        said: dict[str, Json],
    ) -> Recorded[StoredFile | Refused]:
        """Store a renewed file and make it the original in the place of ``old``.

        ``said`` goes into the journal beside both digests. Refused: ``not-permitted``,
        ``original-changed`` where the original is no longer ``old``.
        """
        allowed = authorise(actor, ACTION)
        new = StoredFile(old.format, old.digest, len(data))
        if not isinstance(allowed, Refused):
            with self._tools.probe.durable("certificates.object"):
                new = StoredFile(old.format, self._tools.objects.put(data), len(data))

        def work(tx: Tx) -> StoredFile | Refused:
            refused = allowed if isinstance(allowed, Refused) else None
            if refused is None and not store.exchange(tx, key, old, new):
                refused = Refused(Code.ORIGINAL_CHANGED)
            if refused:
                code: dict[str, Json] = {"code": refused.code}
                tx.record(Event("certificates.archive-refused", key, actor, code))
                return refused
            about: dict[str, Json] = {
                **said,
                "format": old.format,
                "before": old.digest,
                "digest": new.digest,
            }
            tx.record(Event("certificates.archived", key, actor, about))
            return new

        with self._tools.probe.durable("certificates.archived"):
            return self._tools.transactions.write(work)

    def _walk(self) -> Iterator[tuple[CertificateId, StoredFile]]:
        after: store.Place = ("", "")
        while True:
            held = after
            found = self._tools.transactions.read(lambda tx: store.page(tx, held, _PAGE))  # noqa: B023 - read at once
            if not found:
                return
            yield from found
            after = (found[-1][0], found[-1][1].format)
