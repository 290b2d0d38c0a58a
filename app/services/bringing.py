"""What a request for a dataset is about: an uploaded file, and the key that what is brought in had elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.domain.dataset import Dataset
from app.domain.errors import InvalidInput
from app.domain.texts import say
from app.domain.upload import Upload
from app.domain.user import User
from app.plugins.datasource import DataSource
from app.services.context import Context
from app.services.upload import get_upload
from app.storage import family
from app.storage.database import Transaction


def upload_for(
    ctx: Context, actor: User, source: type[DataSource], options: Any, upload_id: str | None
) -> Upload | None:
    """The uploaded file that a request is about, if it is about one.

    :raises InvalidInput: when one is missing, or not wanted
    """
    if not source.imports():
        return None
    if source.needs_file(options):
        if not upload_id:
            raise InvalidInput({"file": [say("Choose a file to import.")]})
        return get_upload(ctx, actor, upload_id)
    if upload_id:
        raise InvalidInput({"file": [say("Give either a file or addresses, not both.")]})
    return None


def wanted_key(ctx: Context, source: type[DataSource], options: Any, upload: Upload | None) -> str | None:
    """The key that a source wants for a dataset, which it may look for in the uploaded file."""
    if not source.brings() or ctx.asked_once:
        return None
    return source.wanted_key(options, ctx.files.local(upload.file) if upload else None)


def with_key(tx: Transaction, dataset: Dataset, key: str | None) -> Dataset:
    """A dataset with the key that is wanted for it, if nothing here has that; else as it is."""
    if key is None or family.used_keys(tx, [key]):
        return dataset
    return replace(dataset, key=key, top=key)
