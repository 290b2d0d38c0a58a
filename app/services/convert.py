"""Say of which data source the posts of an uploaded file really are, where its columns are those of that source."""

from __future__ import annotations

from datetime import UTC, datetime

from app.domain.dataset import Dataset, Status
from app.domain.errors import Conflict, InvalidInput
from app.domain.texts import say
from app.domain.user import User
from app.plugins.datasource import DataSource
from app.services.access import require_share
from app.services.context import Context
from app.storage import dataset as datasets


def can_convert(ctx: Context, dataset: Dataset) -> bool:
    """Whether it may be posts of another source: it came as a file of whatever columns, and has been read."""
    source = ctx.registry.datasources.get(dataset.type)
    is_general = source is not None and source.imports() and not source.columns
    return dataset.parent is None and dataset.status is Status.FINISHED and dataset.is_items and is_general


def sources_that_fit(ctx: Context, dataset: Dataset) -> list[type[DataSource]]:
    """Of which sources a dataset may be by its columns, by title; what it came as is among them."""
    if not can_convert(ctx, dataset):
        return []
    found = [
        source
        for source in ctx.registry.datasources.values()
        if source.id == dataset.type or (source.imports() and source.columns and not _missing(source, dataset))
    ]
    return sorted(found, key=lambda source: source.title.lower())


def _missing(source: type[DataSource], dataset: Dataset) -> list[str]:
    return [name for name in source.columns if name not in dataset.columns]


def convert_dataset(ctx: Context, actor: User, key: str, datasource: str) -> Dataset:
    """Let a dataset, and all made from it, count as of another source: in lists, and with the pages of that source.

    Its table stays as it is, so that this is undone by the same with the source that it came as. Its log and provenance
    say so.

    :raises InvalidInput: naming `datasource`, when it lacks columns that posts of this source have
    :raises Conflict: when it has not been read yet, or came from its source and not as a file
    :raises NotAllowed: when the actor is no owner of it
    """
    known = datasets.get(ctx.database, key)
    require_share(actor, known)
    if not can_convert(ctx, known):
        raise Conflict(say("Only a finished dataset that came as a file of no source can be one of another source."))
    source = ctx.registry.datasources.get(datasource)
    if source is None or (source.id != known.type and not (source.imports() and source.columns)):
        raise InvalidInput({"datasource": [say("Choose a source that takes files, such as tiktok.")]})
    missing = _missing(source, known)
    if missing:
        names = ", ".join(missing)
        raise InvalidInput(
            {
                "datasource": [
                    say("Posts of {source} have columns that this lacks: {names}.", source=source.title, names=names)
                ]
            }
        )
    if source.id != known.datasource:
        with ctx.database.transaction() as tx:
            datasets.lock(tx, key)
            now = datetime.now(UTC)
            change = {"from": known.datasource, "to": source.id, "by": actor.name, "at": now.isoformat()}
            datasets.set_source(tx, key, source.id, change)
            line = f"counts as {source.id} now, and no longer as {known.datasource}: {actor.name} has said so"
            datasets.add_log(tx, key, [(now, line)])
    return datasets.get(ctx.database, key)
