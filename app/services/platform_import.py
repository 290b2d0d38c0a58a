"""Take in what a browser extension has collected: find the data source of a platform, and import the file."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import BinaryIO

from app.domain.dataset import Dataset
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.texts import say
from app.domain.user import User
from app.plugins.datasource import DataSource
from app.services.access import require_change, require_write
from app.services.context import Context
from app.services.dataset import PSEUDONYMISE, get_dataset
from app.services.ending import enqueue_dataset
from app.services.import_file import import_file
from app.services.owner_limit import within_limits
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import upload as uploads

_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGITS = dict(zip("0123456789", _NAMES, strict=True))


def source_of_platform(ctx: Context, platform: str) -> type[DataSource]:
    """The data source for a platform: one that has this name among its `domains`, or before the first dot as its id.

    :raises NotFound: in the words that the extension knows
    """
    name = platform.strip().lower().removeprefix("www.")
    short = "".join(_DIGITS.get(letter, letter) for letter in name.partition(".")[0])
    found = [source for source in ctx.registry.datasources.values() if source.domains]
    for source in found:
        if name in source.domains:
            return source
    for source in found:
        if short == source.id or any(short == domain.partition(".")[0] for domain in source.domains):
            return source
    raise NotFound(
        say(
            "Unknown platform or source format: {platform!r} is not among what this site takes.",
            platform=platform[:100],
        )
    )


def import_platform(ctx: Context, actor: User, platform: str, stream: BinaryIO, pseudonymise: str = "none") -> Dataset:
    """Store what the extension sends as it comes in, and ask for a dataset of it.

    :raises NotFound: when no data source takes this platform
    :raises InvalidInput: when it is empty, too large or the way to replace names is unknown
    """
    require_write(actor)
    source = source_of_platform(ctx, platform)
    if pseudonymise not in PSEUDONYMISE:
        raise InvalidInput({"pseudonymise": [say("Choose from: {choices}.", choices=", ".join(PSEUDONYMISE))]})
    label = f"{source.title}, collected until {datetime.now(UTC):%Y-%m-%d %H:%M}"
    return import_file(ctx, actor, f"{source.id}.ndjson", stream, source.id, {}, label=label, pseudonymise=pseudonymise)


def can_remap(ctx: Context, dataset: Dataset) -> bool:
    """Whether a dataset can be mapped again: its raw records are kept, and its source maps them one by one."""
    source = ctx.registry.datasources.get(dataset.type)
    is_kept = dataset.result is not None and "original" in dataset.result.files
    return source is not None and source.maps_files() and is_kept


def remap_dataset(ctx: Context, actor: User, key: str) -> Dataset:
    """Make the table of a dataset again from its kept raw records, with the mapping of now.

    The dataset waits meanwhile, as if it had just been asked for; what was made from it stays. Should the work fail,
    the raw records stay and it can be run again.

    :raises Conflict: when it has not ended, or no raw records are kept
    """
    known = datasets.get(ctx.database, key)
    require_change(actor, known)
    with ctx.database.transaction() as tx, within_limits(ctx, tx, actor, known.owner_id):
        dataset = datasets.lock(tx, key)
        if not dataset.status.is_ended:
            raise Conflict(say("“{dataset}” is still being made. Wait until it has ended.", dataset=dataset.label))
        if dataset.result is None or not can_remap(ctx, dataset):
            raise Conflict(say("Its raw records are not kept, so it cannot be mapped again. Import the file anew."))
        kept, name = dataset.result.files["original"], str(dataset.work.get("filename") or f"{dataset.type}.ndjson")
        upload = uploads.insert(tx, uuid.uuid4().hex, dataset.owner_id, name, kept)
        uploads.attach(tx, upload.id, key)
        jobs.forget_failed(tx, key)
        datasets.set_upload(tx, key, upload.id)
        datasets.wait_again(tx, key, "Waiting to be mapped again.")
        enqueue_dataset(ctx, tx, datasets.get(tx, key))
    return get_dataset(ctx, actor, key)
