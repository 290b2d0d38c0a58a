"""How the installation is used over time, and what it stores."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.domain.right import Right
from app.domain.user import User
from app.services.access import require_given
from app.services.context import Context
from app.storage import measure
from app.storage.database import Row

DAYS = 30


@dataclass(frozen=True)
class Use:
    """The last days, what is stored now, and bytes that are left on the disk of results, if that is on this machine."""

    days: list[Row]
    sizes: Row
    free_bytes: int | None


def use_over_time(ctx: Context, actor: User) -> Use:
    """What has been asked for and stored, day by day."""
    require_given(actor, Right.STATUS)
    return Use(measure.by_day(ctx.database, DAYS), measure.sizes(ctx.database), free_bytes(ctx))


def free_bytes(ctx: Context) -> int | None:
    """How much room is left on the disk of results; None when they are not on this machine."""
    storage = urlsplit(ctx.settings.storage_url)
    try:
        return shutil.disk_usage(storage.path).free if storage.scheme == "file" else None
    except OSError:
        return None
