"""Make a dataset of a file in one step, as scripts do: nothing stays behind when it cannot be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from app.domain.dataset import Dataset
from app.domain.errors import InvalidInput, UserError
from app.domain.texts import say
from app.domain.user import User
from app.plugins.datasource import DataSource
from app.plugins.validation import load
from app.services.access import require_write
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.owner_limit import require_room
from app.services.upload import drop_file, save_upload


def importing_source(ctx: Context, datasource_id: str, field: str = "datasource") -> type[DataSource]:
    """A data source that makes datasets of files.

    :raises InvalidInput: naming `field`, when it captures by itself
    """
    source = ctx.registry.datasource(datasource_id)
    if not source.imports():
        raise InvalidInput(
            {field: [say("{source} does not import files: ask for a dataset of it without one.", source=source.title)]}
        )
    return source


def import_file(
    ctx: Context,
    actor: User,
    filename: str,
    stream: BinaryIO,
    datasource_id: str,
    parameters: Mapping[str, Any],
    *,
    label: str | None = None,
    is_private: bool = True,
    pseudonymise: str = "none",
    notify: bool = False,
) -> Dataset:
    """Store a file and ask for a dataset of it. What is wrong with the parameters is said before the file is stored.

    :raises InvalidInput: naming the parameters that will not do
    :raises LimitReached: when the actor has as much as one person may have
    """
    require_write(actor)
    load(importing_source(ctx, datasource_id).Options, parameters)
    require_room(ctx, actor)
    upload = save_upload(ctx, actor, filename, stream)
    try:
        return create_capture(
            ctx,
            actor,
            datasource_id,
            parameters,
            label=label,
            is_private=is_private,
            pseudonymise=pseudonymise,
            upload_id=upload.id,
            notify=notify,
        )
    except UserError:
        drop_file(ctx, upload)
        raise
