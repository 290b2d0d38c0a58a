"""Find the plug-ins: whatever lies in `processors`, `datasources`, `workers` and packages beside them is one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from app.domain.capture_rules import SOURCE_RULES, is_offered
from app.domain.errors import NotFound, PluginError
from app.domain.setting import is_switched_off
from app.domain.texts import say
from app.plugins.datasource import DataSource
from app.plugins.extensions import Extension
from app.plugins.options import specs
from app.plugins.processor import Preset, Processor
from app.plugins.worker import Worker

Analysis = type[Processor] | type[Preset]
Runnable = type[Processor] | type[DataSource] | type[Worker]


BUILT_IN = ("processors", "datasources", "workers")
"""The packages that come with the tool."""


class Registry:
    """The plug-ins of an installation, by type."""

    def __init__(self) -> None:
        self.processors: dict[str, Analysis] = {}
        self.datasources: dict[str, type[DataSource]] = {}
        self.workers: dict[str, type[Worker]] = {}
        self.extensions: dict[Extension, list[type[Any]]] = {}

    @classmethod
    def discover(cls, packages: tuple[str, ...] = BUILT_IN, extensions: Sequence[Extension] = ()) -> Registry:
        """Import every module of these packages, and of installed ones, and register the plug-ins in it.

        A package that is installed and named too is looked through once.

        :raises PluginError: naming the file that cannot be imported, or the type that exists twice
        """
        registry = cls()
        for package in packages:
            for name in sorted(_modules(package)):
                for plugin in _plugins_in(_import(name)):
                    registry.add(plugin)
        for extension in extensions:
            if extension.package not in packages:
                registry.add_extension(extension)
        return registry

    def add_extension(self, extension: Extension) -> None:
        """Register all plug-ins of an installed package.

        :raises PluginError: naming the file that cannot be imported, or the type that exists twice
        """
        _import(extension.package)
        found = [plugin for name in sorted(_modules(extension.package)) for plugin in _plugins_in(_import(name))]
        for plugin in found:
            self.add(plugin)
        self.extensions[extension] = found

    def extension_of(self, plugin: type[Any]) -> Extension | None:
        """The installed package that a plug-in comes from; None for what comes with the tool or by its settings."""
        return next((extension for extension, plugins in self.extensions.items() if plugin in plugins), None)

    def add(self, plugin: type[Any]) -> None:
        """Register one plug-in.

        :raises PluginError: when its type is taken or its declaration is incomplete
        """
        if issubclass(plugin, DataSource):
            taken = set(SOURCE_RULES) & set(specs(plugin.Settings))
            if taken:
                raise PluginError(
                    plugin.__module__, f"every data source has a setting {min(taken)}; choose another name."
                )
            self._put(self.datasources, getattr(plugin, "id", None), plugin, plugin.__module__.split(".")[-1])
        elif issubclass(plugin, Worker):
            self._put(self.workers, getattr(plugin, "type", None), plugin, plugin.__module__.split(".")[-1])
        else:
            self._put(self.processors, getattr(plugin, "type", None), plugin, plugin.__module__.split(".")[-1])

    def _put(self, table: dict[str, Any], type_: str | None, plugin: type[Any], module: str) -> None:
        where = f"{plugin.__module__}.{plugin.__qualname__}"
        if not type_:
            raise PluginError(where, "it has no type.")
        if type_.replace("-", "_") != module.replace("-", "_"):
            raise PluginError(where, f"its type {type_} is not its file's name {module}.")
        if self._find(type_) is not None:
            raise PluginError(where, f"the type {type_} exists twice.")
        table[type_] = plugin

    def _find(self, type_: str) -> Any | None:
        return self.processors.get(type_) or self.datasources.get(type_) or self.workers.get(type_)

    def processor(self, type_: str) -> Analysis:
        """One processor or preset. :raises NotFound: when there is none of this type"""
        if type_ not in self.processors:
            raise NotFound(say("There is no processor called {type}.", type=type_))
        return self.processors[type_]

    def datasource(self, id_: str) -> type[DataSource]:
        """One data source. :raises NotFound: when there is none of this name"""
        if id_ not in self.datasources:
            raise NotFound(say("There is no data source called {id}.", id=id_))
        return self.datasources[id_]

    def runnable(self, type_: str) -> Runnable:
        """Whatever does the jobs of this type. :raises NotFound: when nothing does"""
        found = self._find(type_)
        if found is None or issubclass(found, Preset):
            raise NotFound(say("Nothing here does jobs of type {type}.", type=type_))
        runnable: Runnable = found
        return runnable

    def queues(self) -> dict[str, Runnable]:
        """Every type that has a queue, with the class that does its jobs."""
        found: dict[str, Runnable] = {}
        for type_, plugin in {**self.processors, **self.datasources, **self.workers}.items():
            if not issubclass(plugin, Preset):
                found[type_] = plugin
        return found

    def is_off(self, plugin: type[Any], settings: Mapping[str, Any]) -> bool:
        """Whether an administrator has switched off the package that a plug-in comes from."""
        extension = self.extension_of(plugin)
        return extension is not None and is_switched_off(settings, extension.name)

    def unavailable(self, plugin: type[Any], settings: Mapping[str, Any]) -> str | None:
        """Why a plug-in cannot be used here, as a sentence; None when it can."""
        if self.is_off(plugin, settings):
            return say("An administrator has switched off the package that it comes from.")
        if issubclass(plugin, DataSource) and not is_offered(settings, plugin.id):
            return say("An administrator has switched it off.")
        reason: str | None = plugin.needs.missing(settings)
        return reason


def database_scripts(packages: Sequence[str] = ("datasources",)) -> list[Path]:
    """The `database.sql` of every data source, those of folders that several share (`_name`) first."""
    found: list[Path] = []
    for package in packages:
        for root in importlib.import_module(package).__path__:
            found += Path(root).glob("*/database.sql")
    return sorted(found, key=lambda path: (not path.parent.name.startswith("_"), path.parent.name))


def _modules(package: str) -> Iterator[str]:
    """Names of the modules of a package that may hold plug-ins: those without a leading underscore."""
    root = importlib.import_module(package)
    for found in pkgutil.walk_packages(root.__path__, prefix=f"{package}."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield found.name


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:  # a plug-in may fail in any way; it is named and start-up stops
        raise PluginError(name, f"it cannot be imported: {type(error).__name__}: {error}") from error


def _plugins_in(module: ModuleType) -> Iterator[type[Any]]:
    for _, member in inspect.getmembers(module, inspect.isclass):
        if member.__module__ != module.__name__ or inspect.isabstract(member):
            continue
        if issubclass(member, (Processor, Preset, DataSource, Worker)):
            yield member
