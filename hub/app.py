"""The web application of one hub: every file of ``hub/api`` and ``hub/pages`` behind one door."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

import hub.api
import hub.pages
from hub import logs, problems
from hub.doorway import Doorway, Figures

if TYPE_CHECKING:
    from hub.wiring import Hub

JUDGED_AT_ONCE: Final = 4
"""Uploads held in memory at a time, of at most 30 MB each."""
COMPARED_AT_ONCE: Final = 1
"""Comparisons of two versions at a time: anybody may ask for one, and each reads every row."""
_STATIC: Final = Path(__file__).parent / "pages" / "static"


def build_app(served: Hub) -> FastAPI:
    """Return the application over an open hub; closing the hub stays with the caller."""
    logs.configure(served.settings.log_level)
    figures = Figures()
    app = FastAPI(
        title="通办 Tongban",
        description="Errors are RFC 9457 problems. Tokens: private_key_jwt at /oauth/token.",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.hub = served
    app.state.figures = figures
    app.state.judging = asyncio.Semaphore(JUDGED_AT_ONCE)
    app.state.comparing = asyncio.Semaphore(COMPARED_AT_ONCE)
    problems.install(app)
    for package in (hub.api, hub.pages):
        for router in routers(package):
            app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    https = served.settings.address.startswith("https://")
    app.add_middleware(Doorway, figures=figures, https=https)
    return app


def routers(package: ModuleType) -> list[APIRouter]:
    """Return ``router`` of every module in a package, in order of names: a folder is a registry."""
    names = sorted(item.name for item in pkgutil.iter_modules(package.__path__) if not item.ispkg)
    found = (importlib.import_module(f"{package.__name__}.{name}") for name in names)
    return [module.router for module in found if hasattr(module, "router")]
