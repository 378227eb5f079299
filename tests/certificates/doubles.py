"""Cheap stand-ins for catalogue, press, sealer and judge. Tests only: nothing here signs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from certificates import matters, typebook
from certificates.model import CertificateType, FaceValues, Format
from certificates.ports import Judgement, Rehearsal, Sealed, SealIntent, SealOrder
from certificates.tools import Tools
from kernel.clock import Clock
from kernel.errors import TongbanError
from kernel.ports import Objects, Probe, Transactions, Tx, Vault
from signing.model import Placement
from storage.probe import NoProbe

FATHER = "410199185003040011"
MOTHER = "410199185105060020"
BABY = "410199202602010017"
UNCLE = "410199184907080038"


@dataclass(frozen=True)
class Row:
    version: str
    row_key: str
    values: Mapping[str, str]


def person(code: str, name: str, **more: str) -> dict[str, str]:
    base = {
        "id_number": code,
        "name": name,
        "sex": "1",
        "birth_date": f"{code[6:10]}-{code[10:12]}-{code[12:14]}",
        "nation": "01",
        "division": "410199",
        "address": "示例市测试路1号",
        "household_number": "H0001",
        "relation": "20",
        "marital_status": "10",
        "guardian1_id": "",
        "guardian2_id": "",
        "registration": "1",
    }
    return base | more


def marriage(number: str, male: str, female: str) -> dict[str, str]:
    return {
        "certificate_no": number,
        "register_date": "2020-05-20",
        "male_name": "测试甲",
        "male_id": male,
        "female_name": "测试乙",
        "female_id": female,
        "office": "示例市民政局",
    }


def small_world() -> dict[str, list[dict[str, str]]]:
    return {
        "population": [
            person(FATHER, "测试甲", relation="02"),
            person(MOTHER, "测试乙", relation="10", sex="2"),
            person(UNCLE, "测试丁", household_number="H0002", relation="01"),
            person(
                BABY,
                "测试丙",
                household_number="H0001",
                registration="0",
                guardian1_id=FATHER,
                guardian2_id=MOTHER,
            ),
        ],
        "marriage": [marriage("J410199-2020-000001", FATHER, MOTHER)],
        "births": [birth("U090000001", "测试丙", MOTHER, FATHER)],
    }


def birth(number: str, child: str, mother: str, father: str) -> dict[str, str]:
    return {
        "certificate_no": number,
        "child_name": child,
        "sex": "1",
        "birth_time": "2026-02-01 08:30",
        "weight": "3200",
        "place": "示例市测试路9号",
        "mother_name": "测试乙",
        "mother_id": mother,
        "father_name": "测试甲",
        "father_id": father,
        "institution": "示例市助产机构",
        "issue_date": "2026-02-03",
    }


def many_marriages(count: int) -> dict[str, list[dict[str, str]]]:
    rows = [
        marriage(f"J410199-2020-{no:06d}", f"41019918500101{no:04d}", f"41019918500202{no:04d}")
        for no in range(count)
    ]
    return {"population": [], "marriage": rows}


@dataclass
class MemorySource:
    """Published rows in memory; ``version`` is that of every resource."""

    rows: dict[str, list[dict[str, str]]]
    version: str = "v1"

    def lookup(self, resource: str, column: str, values: Sequence[str]) -> list[Row]:
        return [row for row in self.scan(resource) if row.values.get(column) in set(values)]

    def scan(self, resource: str) -> Iterator[Row]:
        for number, row in enumerate(self.rows[resource]):
            yield Row(self.version, f"{resource}.csv:{number + 2}", row)


class PlainCodes:
    def text(self, table: str, code: str) -> str:
        return f"{table}/{code}" if code else ""


class PlainPress:
    """Draws JSON instead of a page. A name with U+20BB7 has no glyph here."""

    def fill(self, kind: CertificateType, file_format: Format, values: FaceValues) -> bytes:
        note = values.annotation
        body = {
            "format": file_format,
            "type": kind.name,
            "number": values.number,
            "fields": dict(values.fields),
            "rows": {name: [dict(row) for row in rows] for name, rows in values.rows.items()},
            "qr": values.qr,
            "metadata": dict(values.metadata),
            "at": values.issued_at.isoformat(),
            "note": [note.maker, note.cause, note.expires_at.isoformat()] if note else None,
        }
        text = json.dumps(body, ensure_ascii=False, sort_keys=True)
        if "\U00020bb7" in text:
            raise TongbanError("glyph-missing", char="\U00020bb7", code_point="U+20BB7")
        return text.encode()

    def lint(
        self, kind: CertificateType, file_format: Format, values: FaceValues, unsealed: bytes
    ) -> tuple[str, ...]:
        same = self.fill(kind, file_format, values) == unsealed
        return () if same else ("not what was to be written",)

    def placement(self, kind: CertificateType, file_format: Format) -> Placement:
        return Placement(0, 10.0, 10.0, 42.0, 42.0)


@dataclass
class LedgerSealer:
    """Appends a line to the bytes and, like the real signer, remembers number and digest in a
    durable ledger: another digest under the same name is refused.
    """

    ledger: Path
    rehearsals: int = 0
    spoil: bool = False
    spoil_from: int = -1
    """Place in a batch from which on files are spoilt."""
    intents: list[SealIntent] = field(default_factory=list)
    form: str = "seal-1"
    rehearsed: str = "seal-1"
    """Form that rehearsals stand for."""

    def intend(self, tx: Tx, intents: Sequence[SealIntent]) -> tuple[str, ...]:
        first = len(self.intents) + 1
        self.intents += intents
        return tuple(f"seal-1/approval-{first + no}" for no in range(len(intents)))

    def seal(self, order: SealOrder, unsealed: bytes) -> bytes:
        assert order.approval or order.purpose.startswith("copy-")
        digest = hashlib.sha256(unsealed).hexdigest()
        name = f"{order.number}/{order.purpose}"
        known = self.entries()
        if known.get(name, digest) != digest:
            raise TongbanError("signature-refused", number=order.number)
        if name not in known:
            with self.ledger.open("a", encoding="utf-8") as file:
                file.write(f"{name} {digest}\n")
        return self._apply(unsealed, "real")

    def seal_many(self, orders: Sequence[SealOrder], unsealed: Sequence[bytes]) -> list[Sealed]:
        made = []
        for place, (order, data) in enumerate(zip(orders, unsealed, strict=True)):
            self.spoil = self.spoil or 0 <= self.spoil_from <= place
            made.append(Sealed(self.seal(order, data), proven=not self.spoil, form=self.form))
        return made

    def rehearse(self, order: SealOrder, unsealed: bytes) -> Rehearsal:
        self.rehearsals += 1
        return Rehearsal(self._apply(unsealed, "rehearsal"), (b"anchor",), self.rehearsed)

    def entries(self) -> dict[str, str]:
        if not self.ledger.exists():
            return {}
        lines = self.ledger.read_text("utf-8").splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def _apply(self, unsealed: bytes, key: str) -> bytes:
        digest = hashlib.sha256(unsealed).hexdigest()
        return unsealed + f"\n{key}:{'0' * 64 if self.spoil else digest}".encode()


class LedgerJudge:
    """Accepts what ``LedgerSealer`` made; rehearsals only with their anchor."""

    def judge(self, sealed: bytes, at: datetime, anchors: tuple[bytes, ...] = ()) -> Judgement:
        body, _, mark = sealed.rpartition(b"\n")
        key, _, digest = mark.partition(b":")
        whole = digest.decode() == hashlib.sha256(body).hexdigest()
        trusted = key == b"real" or (key == b"rehearsal" and anchors == (b"anchor",))
        if whole and trusted:
            return Judgement(True, "TOTAL_PASSED")
        return Judgement(False, "TOTAL_FAILED", ("hash-mismatch",))


@cache
def the_types() -> typebook.Typebook:
    return typebook.load()


@cache
def the_matters() -> matters.Matterbook:
    return matters.load(the_types())


@dataclass
class Bench:
    """Tools over doubles, and the doubles themselves."""

    tools: Tools
    source: MemorySource
    sealer: LedgerSealer
    extra: dict[str, object] = field(default_factory=dict)

    def with_tools(self, **changes: object) -> Bench:
        return replace(self, tools=replace(self.tools, **changes))  # type: ignore[arg-type] # tests name real fields


def make_bench(  # noqa: PLR0917 - the fixtures of a hub, in their usual order
    transactions: Transactions,
    objects: Objects,
    vault: Vault,
    clock: Clock,
    folder: Path,
    rows: dict[str, list[dict[str, str]]] | None = None,
    probe: Probe | None = None,
) -> Bench:
    source = MemorySource(rows if rows is not None else small_world())
    sealer = LedgerSealer(folder / "ledger.txt")
    tools = Tools(
        transactions=transactions,
        objects=objects,
        vault=vault,
        clock=clock,
        probe=probe or NoProbe(),
        types=the_types(),
        source=source,
        codes=PlainCodes(),
        press=PlainPress(),
        sealer=sealer,
        judge=LedgerJudge(),
        address=lambda identifier: f"示例/v/{identifier}",
        division="410100",
    )
    return Bench(tools, source, sealer)


HOUR = timedelta(hours=1)
