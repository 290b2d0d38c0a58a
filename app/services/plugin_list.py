"""The plug-ins of this installation: where each comes from, and why one cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Any

from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import User
from app.plugins.registry import BUILT_IN, Registry
from app.services.access import require_given
from app.services.context import Context


@dataclass(frozen=True)
class Listed:
    """A plug-in: `kind` is analysis, data source or standing task, `reason` says why it cannot be used."""

    kind: str
    type: str
    title: str
    about: str
    origin: str
    reason: str | None


def list_plugins(ctx: Context, actor: User) -> list[Listed]:
    """Every plug-in, those that cannot be used first."""
    require_given(actor, Right.STATUS, Right.SETTINGS)
    site, registry = ctx.site_settings(), ctx.registry
    found = [
        Listed(kind, type_, getattr(plugin, "title", type_), plugin.description(), _origin(registry, plugin), missing)
        for kind, plugins in (
            (say("analysis"), registry.processors),
            (say("data source"), registry.datasources),
            (say("standing task"), registry.workers),
        )
        for type_, plugin in plugins.items()
        for missing in (registry.unavailable(plugin, site),)
    ]
    return sorted(found, key=lambda one: (one.reason is None, one.kind, one.title.lower()))


def _origin(registry: Registry, plugin: type[Any]) -> str:
    """4CAT itself, or the installed package with its version."""
    extension = registry.extension_of(plugin)
    if extension:
        return f"{extension.name} {extension.version}"
    package = plugin.__module__.split(".")[0]
    if package in BUILT_IN:
        return "4CAT"
    names = _distributions().get(package)
    return f"{names[0]} {metadata.version(names[0])}" if names else package


@lru_cache(maxsize=1)
def _distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())
