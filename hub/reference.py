"""The reference pages of the documentation, written from the code itself.

``python -m hub.reference`` writes ``docs/reference.md``: every setting, command, route and error
code. A test compares the file with what this module returns, so that nothing stays undocumented.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.messages import ROOMS
from kernel.errors import load_messages

if TYPE_CHECKING:
    from fastapi import FastAPI


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a Markdown table; bars inside cells are escaped."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = (cell.replace("|", "\\|").replace("\n", " ") for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def settings_rows() -> Iterator[tuple[str, ...]]:
    """Yield variable, default and meaning of each setting, keys and time stamps last."""
    from hub.settings import Settings

    fields = Settings.model_fields
    for name in sorted(fields, key=lambda name: name not in Settings.__annotations__):
        field = fields[name]
        default = "" if field.default is None else str(field.default)
        yield (
            f"`TONGBAN_{name.upper()}`",
            f"`{default}`" if default else "",
            field.description or "",
        )


def command_rows() -> Iterator[tuple[str, ...]]:
    """Yield call, what it does and its options for each command."""
    from typer.main import get_command

    from hub.commands import build

    yield from _walk(get_command(build()), "tongban")


def _walk(command: Any, path: str) -> Iterator[tuple[str, ...]]:
    children: dict[str, Any] = getattr(command, "commands", {})
    if children:
        for name in sorted(children):
            yield from _walk(children[name], f"{path} {name}")
        return
    words = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            words.append(f"`{parameter.name.upper()}`")
        elif parameter.name != "help":
            words.append("`" + "/".join(parameter.opts) + "`")
    first = (command.help or "").strip().split("\n\n")[0]
    yield f"`{path}`", first, " ".join(words)


def route_rows(app: FastAPI) -> Iterator[tuple[str, ...]]:
    """Yield method, path and first docstring sentence of each route."""
    for route in app.routes:
        methods = sorted((getattr(route, "methods", None) or set()) - {"HEAD", "OPTIONS"})
        endpoint = getattr(route, "endpoint", None)
        if methods and endpoint is not None:
            text = (endpoint.__doc__ or "").strip().split("\n")[0]
            yield " ".join(methods), f"`{getattr(route, 'path', '')}`", text


def error_rows() -> Iterator[tuple[str, ...]]:
    """Yield code, status, Chinese and English text and the next step of each error."""
    for room in ROOMS:
        for code, message in sorted(load_messages(room).items()):
            text = f"{message.zh}<br>{message.en}"
            step = f"{message.next_zh}<br>{message.next_en}"
            yield f"`{code}`", str(message.status), text, step


def render(app: FastAPI) -> str:
    """Return the whole page."""
    lines = ["# Reference 参考", "", "Written by `python -m hub.reference`; do not edit.", ""]
    lines += ["## Settings 设置", ""]
    lines += table(("variable", "default", "meaning"), settings_rows())
    lines += ["## Commands 命令", ""]
    lines += table(("command", "what it does", "arguments and options"), command_rows())
    lines += ["## Routes 接口与页面", ""]
    lines += table(("method", "path", "what it is"), sorted(route_rows(app), key=lambda r: r[1]))
    lines += ["## Error codes 错误码", ""]
    lines += table(("code", "status", "text", "next step"), error_rows())
    return "\n".join(lines)


def current() -> str:
    """Render with an app over an empty hub in a temporary folder."""
    from hub.app import build_app
    from hub.settings import load
    from hub.wiring import open_hub

    with tempfile.TemporaryDirectory() as home:
        hub = open_hub(load(home=Path(home), environment="test", worker=False))
        try:
            return render(build_app(hub))
        finally:
            hub.close()


if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / "docs" / "reference.md"
    target.write_text(current(), "utf-8")
    sys.stdout.write(f"{target}\n")
