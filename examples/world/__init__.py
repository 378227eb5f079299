"""A made-up city for demonstrations and tests: residents, marriages, and the faults in their files.

Every person is synthetic and belongs to nobody: ids use the unassigned division 410199, names start
with 测试, 示例, 样本, 虚构 or 演示, streets are 示例路. The same seed gives the same bytes. Never
put anything real in here.
"""

from __future__ import annotations

from examples.world.departments import ALL
from examples.world.generate import generate
from examples.world.install import install
from examples.world.model import Truth

__all__ = ["ALL", "Truth", "generate", "install"]
