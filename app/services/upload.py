"""Uploads: take a file in, and show what is in it before a dataset is made of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from app.domain.errors import InvalidInput, NotFound, StorageFull, TooLarge, Unavailable
from app.domain.texts import say
from app.domain.upload import Upload
from app.domain.user import User
from app.services.access import changes_all, require_write
from app.services.context import Context
from app.services.owner_limit import no_room, require_room_for_file, room_for_file
from app.services.person_setting import require_right
from app.storage import upload as uploads
from app.storage.files import discard

_CHUNK = 1024 * 1024


def save_upload(ctx: Context, actor: User, filename: str, stream: BinaryIO) -> Upload:
    """Store a file as it comes in; memory stays flat whatever its size.

    :raises InvalidInput: when it is empty
    :raises TooLarge: when it is larger than MAX_UPLOAD_MB
    :raises StorageFull: when the actor would store more than one person may
    """
    require_write(actor)
    require_right(ctx, actor, "capture")
    name = plain_name(filename)
    limit = ctx.settings.max_upload_mb * 1024 * 1024
    room = room_for_file(ctx, ctx.database, actor.id)
    upload_id = uuid.uuid4().hex
    with ctx.files.workspace() as folder:
        path = Path(folder) / "upload"
        if _copy(stream, path, limit, room) == 0:
            raise InvalidInput({"file": [say("This file is empty. Choose a file with at least a header and one row.")]})
        file = ctx.files.put(path, f"uploads/{upload_id}{suffix_of(name)}")
    try:
        with ctx.database.transaction() as tx:
            require_room_for_file(ctx, tx, actor.id, file.size)
            return uploads.insert(tx, upload_id, actor.id, name, file)
    except StorageFull:
        discard(ctx.files, [file.name])
        raise


def plain_name(filename: str) -> str:
    """The name of a file without the folders that it was in."""
    return PurePath(filename.replace("\\", "/").replace("\0", "")).name.strip()[:200] or "upload"


def suffix_of(name: str) -> str:
    """What the name of a stored file ends with, so that it can be told what is in it."""
    return PurePath(name).suffix.lower()[:16]


def too_large(limit: int, field: str = "file") -> TooLarge:
    """What to say of a file of more than `limit` bytes."""
    return TooLarge(
        {field: [say("This file is larger than {limit:,} MB, the most this site takes.", limit=limit // 1024**2)]}
    )


def _copy(stream: BinaryIO, path: Path, limit: int, room: int | None) -> int:
    size = 0
    try:
        with path.open("wb") as target:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                if room is not None and size > room:
                    raise no_room(room)
                target.write(chunk)
    except OSError as error:
        raise Unavailable(say("The file could not be stored: {reason}.", reason=error.strerror or error)) from error
    return size


def drop_file(ctx: Context, upload: Upload) -> None:
    """Forget an uploaded file of which nothing is made."""
    uploads.delete(ctx.database, upload.id)
    ctx.files.delete(upload.file.name)


def get_upload(ctx: Context, actor: User, upload_id: str) -> Upload:
    """One upload of the actor's. :raises NotFound: when there is none"""
    found = uploads.find(ctx.database, upload_id, None if changes_all(actor) else actor.id)
    if found is None:
        raise NotFound(say("This uploaded file is not there any more. Upload it again."))
    return found


def preview_upload(
    ctx: Context, actor: User, upload_id: str, given: Mapping[str, Any] | None = None, datasource: str = "upload"
) -> dict[str, Any]:
    """What was detected in an upload, its first rows and a guess at the options (`guess`).

    `given` are options that the user has set already, such as the delimiter.

    :raises InvalidInput: when the file cannot be read as any table
    """
    upload = get_upload(ctx, actor, upload_id)
    source = ctx.registry.datasource(datasource)
    return source().preview(ctx.files.local(upload.file), upload.filename, given or {})
