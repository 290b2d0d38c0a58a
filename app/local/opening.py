"""Open an installation for one command: its servers, its database up to date, its services."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from app.local.installation import servers_for_command
from app.services.context import Context, open_context
from app.storage.migrate import migrate, pending


@contextlib.contextmanager
def open_installation(environment: dict[str, str]) -> Iterator[Context]:
    """The services of an installation, for as long as the block lasts."""
    with servers_for_command(environment) as settings:
        if pending(settings.database_url):
            migrate(settings.database_url)
        ctx = open_context(settings, name="4cat command")
        try:
            yield ctx
        finally:
            ctx.close()
