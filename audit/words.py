"""What each fault means to a reader of a report, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from audit.model import FaultKind

WORDS: Mapping[FaultKind, tuple[str, str]] = {
    FaultKind.ROW_CHANGED: ("日志行被改动", "a journal row was changed"),
    FaultKind.ROW_MISSING: ("日志行缺失", "a journal row is missing"),
    FaultKind.ROWS_SWAPPED: ("两条日志行被对调", "two journal rows were swapped"),
    FaultKind.ROW_INSERTED: ("日志行未经编号混入", "a journal row was slipped in"),
    FaultKind.INDEX_CHANGED: ("索引被改动", "an index entry was changed"),
    FaultKind.INDEX_MISSING: ("索引缺失", "an index entry is missing"),
    FaultKind.TILE_CHANGED: ("分片文件被改动", "a tile was changed"),
    FaultKind.TILE_MISSING: ("分片文件缺失", "a tile is missing"),
    FaultKind.TILES_SWAPPED: ("两个分片文件被对调", "two tiles were swapped"),
    FaultKind.FILE_UNKNOWN: ("不属于日志的文件", "a file that is no part of the log"),
    FaultKind.HEAD_CHANGED: ("日志头被改动", "the head of the log was changed"),
    FaultKind.CHECKPOINT_CHANGED: ("检查点被改动或签名无效", "a checkpoint was changed"),
    FaultKind.CHECKPOINT_MISSING: ("检查点缺失", "the checkpoint is missing"),
    FaultKind.CHECKPOINT_FORKED: ("同一大小有两个不同的检查点", "two checkpoints of one size"),
    FaultKind.LOG_TRUNCATED: ("日志被截短", "the log was cut short"),
    FaultKind.ROOT_MISMATCH: ("内容与已签名的根不符", "the entries do not give the signed root"),
}
