"""Uploads: take a file in, and show what is in it before a dataset is made of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from app.domain.errors import InvalidInput, NotFound, Unavailable
from app.domain.upload import Upload
from app.domain.user import User
from app.services.access import require_write
from app.services.context import Context
from app.storage import upload as uploads

_CHUNK = 1024 * 1024


def save_upload(ctx: Context, actor: User, filename: str, stream: BinaryIO) -> Upload:
    """Store a file as it comes in; memory stays flat whatever its size.

    :raises InvalidInput: when it is empty or larger than MAX_UPLOAD_MB
    """
    require_write(actor)
    name = PurePath(filename.replace("\\", "/")).name.strip()[:200] or "upload"
    limit = ctx.settings.max_upload_mb * 1024 * 1024
    upload_id = uuid.uuid4().hex
    with ctx.files.workspace() as folder:
        path = Path(folder) / "upload"
        if _copy(stream, path, limit) == 0:
            raise InvalidInput({"file": ["This file is empty. Choose a file with at least a header and one row."]})
        file = ctx.files.put(path, f"uploads/{upload_id}{PurePath(name).suffix.lower()[:16]}")
    return uploads.insert(ctx.database, upload_id, actor.id, name, file)


def _copy(stream: BinaryIO, path: Path, limit: int) -> int:
    size = 0
    try:
        with path.open("wb") as target:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise InvalidInput(
                        {"file": [f"This file is larger than {limit // 1024**2:,} MB, the most this site takes."]}
                    )
                target.write(chunk)
    except OSError as error:
        raise Unavailable(f"The file could not be stored: {error.strerror or error}.") from error
    return size


def get_upload(ctx: Context, actor: User, upload_id: str) -> Upload:
    """One upload of the actor's. :raises NotFound: when there is none"""
    found = uploads.find(ctx.database, upload_id, None if actor.is_admin else actor.id)
    if found is None:
        raise NotFound("This uploaded file is not there any more. Upload it again.")
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
