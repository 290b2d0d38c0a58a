"""Analyse a list that is sent for it, without making a dataset first: one is made all the same, and goes by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from app.domain.dataset import Dataset
from app.domain.errors import UserError
from app.domain.setting import limit_or_default
from app.domain.texts import declared, say
from app.domain.user import User
from app.plugins.validation import load
from app.services.access import require_write
from app.services.context import Context
from app.services.dataset_bin import delete_tree
from app.services.import_file import import_file
from app.services.person_setting import require_right
from app.services.run import run_processor
from app.services.upload import drop_file
from app.storage import dataset_bin
from app.storage import upload as uploads

DAYS = "posted_days"


def run_on_items(
    ctx: Context, actor: User, type_: str, options: Mapping[str, Any], filename: str, stream: BinaryIO
) -> Dataset:
    """Store a file of items as a private dataset, and ask for an analysis of it; that analysis, which waits for it.

    Both go after `limits.posted_days`. When the analysis cannot be asked for, nothing stays behind.

    :raises NotFound: when there is no such analysis
    :raises InvalidInput: naming the options that will not do
    :raises NotCompatible: when the analysis takes no posts, with the reason
    :raises LimitReached: when the actor has as much as one person may have
    """
    require_write(actor)
    require_right(ctx, actor, "analyse")
    analysis = ctx.registry.processor(type_)
    load(analysis.Options, options, None)
    label = say("Posted for {analysis}", analysis=declared(analysis.title))
    posted = import_file(ctx, actor, filename, stream, "upload", {}, label=str(label))
    try:
        days = limit_or_default(ctx.site_settings(), DAYS)
        expires = datetime.now(UTC) + timedelta(days=days)
        dataset_bin.set_expiry(ctx.database, posted.key, expires=expires, is_kept=False)
        return run_processor(ctx, actor, posted.key, type_, options)[0]
    except UserError:
        delete_tree(ctx, posted.key)
        upload = uploads.find(ctx.database, posted.work["upload"])
        if upload is not None:
            drop_file(ctx, upload)
        raise
