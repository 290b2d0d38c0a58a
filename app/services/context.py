"""What every service needs: database, files, queue and plug-ins of one installation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.domain.site_page import text_setting
from app.plugins.extensions import installed_extensions
from app.plugins.registry import BUILT_IN, Registry
from app.queue.connection import Bell, connect_redis
from app.queue.jobs import JobQueue
from app.settings import Settings
from app.storage import setting
from app.storage.database import Database
from app.storage.files import FileStore, open_files


@dataclass(frozen=True)
class Context:
    """One installation, opened. Nothing connects before it is used, so it may be made before a fork."""

    settings: Settings
    database: Database
    files: FileStore
    bell: Bell
    queue: JobQueue
    registry: Registry
    asked_once: str | None = None
    """Set while a request is done that may come again: what it makes then has the same key, and so is made once."""

    def site_settings(self) -> dict[str, Any]:
        """What administrators have set, by name."""
        return setting.all_settings(self.database)

    @property
    def site_name(self) -> str:
        """What this installation is called: as administrators have set, else `SITE_NAME`."""
        return text_setting(self.site_settings(), "name") or self.settings.site_name

    def close(self) -> None:
        """Close what is open."""
        self.database.close()
        self.bell.client.close()


def open_context(settings: Settings, registry: Registry | None = None, *, name: str = "4cat") -> Context:
    """Open an installation. `name` is shown in the database's list of connections.

    :raises PluginError: when a plug-in is broken
    """
    plugins = registry or Registry.discover((*BUILT_IN, *settings.plugin_packages), installed_extensions())
    database = Database(settings.database_url, size=settings.database_pool, name=name)
    client = connect_redis(settings.redis_url, verify=settings.redis_tls_verify, name=name)
    bell = Bell(client, settings.queue_prefix)
    limits = {type_: plugin.max_workers for type_, plugin in plugins.queues().items()}
    queue = JobQueue(database, bell, lambda type_: limits.get(type_, 1))
    return Context(settings, database, open_files(settings.storage_url, settings.data_dir), bell, queue, plugins)
