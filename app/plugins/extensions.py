"""Installed Python packages that bring plug-ins, as they say by an entry point of the group `fourcat.plugins`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

GROUP = "fourcat.plugins"


@dataclass(frozen=True)
class Extension:
    """An installed package: its name and version, and the Python package in which its plug-ins lie."""

    name: str
    version: str
    package: str


def installed_extensions() -> tuple[Extension, ...]:
    """Every installed package that declares plug-ins, by name. Nothing of them is imported."""
    found = {
        Extension(_plain(point.dist.name), point.dist.version, point.value.partition(":")[0].strip())
        for point in metadata.entry_points(group=GROUP)
        if point.dist is not None
    }
    return tuple(sorted(found, key=lambda one: (one.name, one.package)))


def _plain(name: str) -> str:
    """A name as package registries spell it, without the dots that separate parts of settings."""
    return name.lower().replace("_", "-").replace(".", "-")
