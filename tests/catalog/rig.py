from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from catalog import sources, store
from catalog.ingest.service import Ingest
from catalog.lookups import Lookups
from catalog.model import Source
from catalog.parts import PartCache
from catalog.ports import GateAnswer, GateRequest
from catalog.service import Catalog
from kernel.actors import Actor, system
from kernel.clock import FixedClock
from kernel.ports import Probe
from quality.model import Severity
from quality.service import Standards
from storage.database import open_database
from storage.objects.folder import FolderObjects

ORG = "11410100MB0TE0038G"
SUITE = """
title = "测试名册"
resource = "roll"
key = ["code"]
[columns.code]
title = "编号"
element = "text"
required = true
[columns.name]
title = "姓名"
element = "person_name"
required = true
[columns.sex]
title = "性别"
element = "sex"
[thresholds]
default = 0.5
[[rules]]
id = "duplicate"
kind = "unique"
columns = ["code"]
column = "code"
title = "编号唯一"
dimension = "uniqueness"
"""
SOURCE = """
title = "测试名册交换"
org = "11410100MB0TE0038G"
connector = "{connector}"
suite = "roll"
resource = "roll"
key = ["code"]
[delivery]
pattern = "*.{connector}"
separator = "|"
[columns]
"编号" = "code"
"姓名" = "name"
"性别" = "sex"
[rhythm]
schedule = "@daily"
[about]
category = "部门信息资源/示例/名册"
name = "人口测试名册"
code = "307001/000001"
provider = "示例市公安局"
abstract = "用于说明目录如何登记一份名册。"
format = "3"
share_type = "2"
share_condition = "办理登记事项"
share_method = "共享平台方式"
open_flag = "0"
refresh_cycle = "2"
pub_date = "2026-01-05"
aliases = ["花名册"]
[items.code]
name = "编号"
type = "C"
length = 18
[items.name]
name = "姓名"
type = "C"
length = 60
sensitive = true
[items.sex]
name = "性别"
type = "C"
length = 1
"""
HEAD = "编号|姓名|性别\n"


class OpenGate:
    """Lets pass what no rule exceeds its threshold in, without a report."""

    def judge(self, request: GateRequest) -> GateAnswer:
        over = tuple(
            f"{total.rule}:{total.column}"
            for total in request.totals
            if total.severity is Severity.ERROR and total.rate > total.threshold
        )
        return GateAnswer(not over, over)


def rows(first: int, count: int, name: str = "测试甲") -> str:
    return "".join(f"c{number:06d}|{name}|男\n" for number in range(first, first + count))


@dataclass(frozen=True)
class Rig:
    home: Path
    ingest: Ingest
    catalog: Catalog
    actor: Actor
    source: Source

    def deliver(self, text: str, name: str = "a.csv", encoding: str = "gb18030") -> None:
        folder = self.home / "inbox" / self.source.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode(encoding))


ACTIONS = ("catalog.ingest", "catalog.publish", "catalog.read", "catalog.quarantine")


def build(home: Path, clock: FixedClock, probe: Probe, connector: str = "csv") -> Rig:
    suites = home / "registry" / "quality" / "suites"
    suites.mkdir(parents=True, exist_ok=True)
    (suites / "roll.toml").write_text(SUITE, "utf-8")
    known = sources.parse("roll-source", SOURCE.format(connector=connector).encode())
    known = replace(known, delivery=replace(known.delivery, block_bytes=2000))
    database = open_database(f"sqlite:///{home / 'hub.db'}", clock, probe)
    database.create(store.METADATA)
    objects = FolderObjects(home / "objects", probe)
    cache = PartCache(objects, home / "cache")
    standards = Standards.load(home, clock=clock)
    lookups = Lookups(transactions=database.transactions, objects=objects, cache=cache, key=b"test")
    catalog = Catalog(
        transactions=database.transactions,
        objects=objects,
        cache=cache,
        standards=standards,
        clock=clock,
        lookups=lookups,
    )
    ingest = Ingest(
        sources={known.name: known},
        inbox=home / "inbox",
        work=home / "work",
        transactions=database.transactions,
        objects=objects,
        cache=cache,
        standards=standards,
        references=catalog.rows,
        gate=OpenGate(),
        clock=clock,
        probe=probe,
        lookups=lookups,
    )
    return Rig(home, ingest, catalog, system("test", rights=ACTIONS), known)
