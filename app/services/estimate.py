"""How much a capture would find and how long work takes, reckoned before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.errors import TookTooLong
from app.domain.user import User
from app.plugins.validation import load
from app.services.access import require_write
from app.services.context import Context
from app.storage import overview

HEAVY = 100_000
"""From how many items on people are asked whether they mean it."""
_SECONDS = 2.0


def estimate_capture(ctx: Context, actor: User, datasource_id: str, parameters: Mapping[str, Any]) -> int | None:
    """About how many items a capture would find; None when that cannot be told, or not within two seconds.

    :raises InvalidInput: naming the parameters that will not do, as when the capture is asked for
    """
    require_write(actor)
    source = ctx.registry.datasource(datasource_id)
    options = load(source.Options, parameters)
    settings = ctx.site_settings()
    try:
        with ctx.database.transaction() as tx:
            tx.within(_SECONDS)
            source.check(options, settings, tx)
            return source.estimate(options, tx)
    except TookTooLong:
        return None


def expected_seconds(ctx: Context, type_: str, rows: int) -> float | None:
    """About how long work of a type takes that reads so many rows, judged by its last 20; None when none has ended."""
    pace = overview.pace_of(ctx.database, type_)
    return None if pace is None else max(pace["least"], rows * pace["per_row"])
