"""Uploads in chunks: each goes on where the one before ended or broke off, on any web process and after any restart.

What comes in is stored in parts of some megabytes, each of which counts in one step: it follows the bytes that there
are, or is dropped because others have come in meanwhile. So the offset is exact, whatever dies. When all has come in,
the parts become one file, an upload like any other.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from app.domain.dataset import StoredFile
from app.domain.errors import Conflict, InvalidInput, NotFound, Unavailable, WrongChecksum
from app.domain.texts import say
from app.domain.upload import UnfinishedUpload, Upload
from app.domain.user import User
from app.services.access import changes_all, require_write
from app.services.context import Context
from app.services.owner_limit import require_room_for_file
from app.services.upload import get_upload, plain_name, suffix_of, too_large
from app.storage import unfinished_upload as unfinished
from app.storage import upload as uploads
from app.storage.files import discard

ALGORITHMS = ("md5", "sha1", "sha256")
_PART = 16 * 1024**2
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Received:
    """How far an upload is; `expires` is None when all of it is there."""

    id: str
    filename: str
    length: int
    offset: int
    expires: datetime | None


@dataclass(frozen=True)
class Checksum:
    """What a chunk must have as its checksum, by one of ALGORITHMS."""

    algorithm: str
    digest: bytes


def begin_upload(ctx: Context, actor: User, filename: str, length: int) -> Received:
    """Expect a file of so many bytes. It counts as stored from now on, so that there is room when it has come.

    :raises TooLarge: when it is larger than MAX_UPLOAD_MB
    :raises StorageFull: when the actor would store more than one person may
    """
    require_write(actor)
    limit = ctx.settings.max_upload_mb * 1024**2
    if length > limit:
        raise too_large(limit, "Upload-Length")
    if length < 1:
        raise InvalidInput({"Upload-Length": [say("This file is empty. Send one with at least a header and one row.")]})
    with ctx.database.transaction() as tx:
        require_room_for_file(ctx, tx, actor.id, length)
        return _so_far(unfinished.insert(tx, uuid.uuid4().hex, actor.id, plain_name(filename), length))


def upload_state(ctx: Context, actor: User, upload_id: str) -> Received:
    """How far an upload of the actor's is. :raises NotFound: when there is none"""
    found = unfinished.find(ctx.database, upload_id, _owner(actor))
    if found is not None:
        return _so_far(found)
    upload = get_upload(ctx, actor, upload_id)
    return Received(upload.id, upload.filename, upload.file.size, upload.file.size, None)


def _owner(actor: User) -> int | None:
    return None if changes_all(actor) else actor.id


def _so_far(found: UnfinishedUpload) -> Received:
    return Received(found.id, found.filename, found.length, found.received, found.expires)


def receive(
    ctx: Context, actor: User, upload_id: str, offset: int, stream: BinaryIO, checksum: Checksum | None = None
) -> Received:
    """Store what comes after the first `offset` bytes of an upload, until the stream ends; how far it is then.

    With a checksum all of the stream counts or nothing; without, whatever has come in counts.

    :raises Conflict: when the upload is at another offset, or somebody else sends the same bytes at the same time
    :raises WrongChecksum: when what came in has another checksum
    """
    require_write(actor)
    upload = unfinished.find(ctx.database, upload_id, _owner(actor))
    if upload is None:
        whole = upload_state(ctx, actor, upload_id)
        if offset != whole.length:
            raise _elsewhere(whole.offset)
        return whole
    if offset != upload.received:
        raise _elsewhere(upload.received)
    while upload.received < upload.length:
        left = upload.length - upload.received
        with ctx.files.workspace() as folder:
            path = Path(folder) / "part"
            came = _take(stream, path, left if checksum else min(left, _PART), checksum)
            if came:
                upload = _add(ctx, upload, path)
        if checksum or not came:
            break
    if upload.received == upload.length:
        return upload_state(ctx, actor, _finish(ctx, upload))
    return _so_far(upload)


def _take(stream: BinaryIO, path: Path, most: int, checksum: Checksum | None) -> int:
    """Write what comes in to a file, `most` bytes of it; how many came."""
    came, found = 0, hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
    try:
        with path.open("wb") as target:
            while came < most and (chunk := stream.read(min(_CHUNK, most - came))):
                target.write(chunk)
                came += len(chunk)
                if found:
                    found.update(chunk)
    except OSError as error:
        raise Unavailable(say("The file could not be stored: {reason}.", reason=error.strerror or error)) from error
    if checksum and found and found.digest() != checksum.digest:
        raise WrongChecksum
    return came


def _add(ctx: Context, upload: UnfinishedUpload, path: Path) -> UnfinishedUpload:
    """Store a part and let it count, if what has come in before it is still the same."""
    name = f"uploads/{upload.id}/{upload.received}-{uuid.uuid4().hex[:8]}{suffix_of(upload.filename)}"
    part = ctx.files.put(path, name)
    added = unfinished.add_part(ctx.database, upload.id, upload.received, part)
    if added is None:
        discard(ctx.files, [part.name])
        now = unfinished.find(ctx.database, upload.id)
        if now is None:
            raise NotFound(say("This upload has been finished or given up meanwhile."))
        raise _elsewhere(now.received)
    return added


def _elsewhere(offset: int) -> Conflict:
    return Conflict(
        say(
            "This upload goes on at {offset}. Ask for its offset with HEAD, and send what comes after it.",
            offset=offset,
        )
    )


def whole_upload(ctx: Context, actor: User, upload_id: str) -> Upload:
    """An upload of the actor's, all of which must be there. :raises Conflict: when some of it has not come in yet"""
    found = unfinished.find(ctx.database, upload_id, _owner(actor))
    if found is not None:
        if found.received < found.length:
            raise Conflict(
                say(
                    "Only {received:,} of the {length:,} bytes of this upload have come in. Send the rest.",
                    received=found.received,
                    length=found.length,
                )
            )
        _finish(ctx, found)
    return get_upload(ctx, actor, upload_id)


def _finish(ctx: Context, upload: UnfinishedUpload) -> str:
    """Make one file of the parts; when several do so at the same time, one of them counts."""
    parts = [part.name for part in upload.parts]
    try:
        file = upload.parts[0] if len(parts) == 1 else _joined(ctx, upload)
    except NotFound:
        if unfinished.find(ctx.database, upload.id) is None:
            return upload.id  # somebody else has finished it, and the parts are gone
        raise
    with ctx.database.transaction() as tx:
        is_ours = unfinished.delete(tx, upload.id)
        if is_ours:
            uploads.insert(tx, upload.id, upload.owner_id, upload.filename, file)
    if len(parts) > 1:
        discard(ctx.files, parts if is_ours else [file.name])
    return upload.id


def _joined(ctx: Context, upload: UnfinishedUpload) -> StoredFile:
    """All parts as one file; each is read once, and none is held in memory."""
    with ctx.files.workspace() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as target:
            for part in upload.parts:
                for chunk in ctx.files.read(part.name):
                    target.write(chunk)
        return ctx.files.put(path, f"uploads/{upload.id}-{uuid.uuid4().hex[:8]}{suffix_of(upload.filename)}")


def drop_upload(ctx: Context, actor: User, upload_id: str) -> None:
    """Give an upload up, whether all of it has come in or not. :raises NotFound: when there is none of the actor's"""
    require_write(actor)
    found = unfinished.find(ctx.database, upload_id, _owner(actor))
    if found is not None and unfinished.delete(ctx.database, upload_id):
        discard(ctx.files, [part.name for part in found.parts])
        return
    upload = get_upload(ctx, actor, upload_id)
    if not uploads.delete_unused(ctx.database, upload_id):
        raise Conflict(say("A dataset is being made of this file. Delete that one instead."))
    discard(ctx.files, [upload.file.name])
