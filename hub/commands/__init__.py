"""The commands of ``tongban``: each module exports ``register(root)``.

Modules import only typer at their top; rooms and heavy libraries are imported inside functions, so
that ``tongban --help`` answers at once.
"""

from __future__ import annotations

import importlib
import pkgutil

import typer


def build() -> typer.Typer:
    """Return the application with every command in this folder registered, in order of names."""
    root = typer.Typer(
        name="tongban",
        help="通办：政务数据目录、电子证照与电子印章、共享与审计 · "
        "data catalogue, certificates, seals, exchange and audit of a city",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda item: item.name):
        importlib.import_module(f"{__name__}.{found.name}").register(root)
    return root
