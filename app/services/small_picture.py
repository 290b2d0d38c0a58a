"""Pictures of archives made small: each once, and kept in storage for whoever comes next, within the room for them.

A name says of which dataset a small picture is, so that it can go with it; and the content that it was made from, so
that it is never that of another. `workers/clean_up_pictures.py` sees to the room.
"""

from __future__ import annotations

import hashlib
import io
import logging
from contextlib import suppress

from app.domain.errors import NotFound, Unavailable
from app.domain.setting import room_for_small_pictures
from app.domain.texts import say
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.member import open_member

SIDE = 360
"""How wide or high a small picture is at most, in pixels."""
MOST_BYTES = 50_000_000
"""How large a picture may be that is made small."""
_MOST_PIXELS = 80_000_000

log = logging.getLogger(__name__)


def small_picture(ctx: Context, actor: User, key: str, name: str) -> bytes | None:
    """A picture in the archive of a dataset the actor may see, small, as WebP; None when it cannot be made small.

    :raises NotFound: when there is no such picture, or it is too large
    """
    dataset = get_dataset(ctx, actor, key)
    archive = dataset.result.files.get("archive") if dataset.result else None
    keeps = room_for_small_pictures(ctx.site_settings()) > 0
    stored = f"small/{key}/{_mark(archive.sha256 if archive else '', name)}.webp"
    if keeps and archive:
        # What storage does not give is made anew.
        with suppress(NotFound, Unavailable):
            return b"".join(ctx.files.read(stored))
    found, chunks = open_member(ctx, actor, key, name)
    if found.picture is None or found.size > MOST_BYTES:
        raise NotFound(say("“{name}” is no picture, or too large to be shown.", name=name))
    made = make_small(b"".join(chunks))
    if keeps and made is not None:
        _keep(ctx, made, stored)
    return made


def make_small(content: bytes) -> bytes | None:
    """A picture made small, as WebP; None when it cannot be read or is too large to be drawn."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            picture.draft("RGB", (2 * SIDE, 2 * SIDE))
            small = ImageOps.exif_transpose(picture)
            small.thumbnail((SIDE, SIDE))
            written = io.BytesIO()
            small.convert("RGBA" if small.has_transparency_data else "RGB").save(written, "WEBP", quality=80, method=2)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    return written.getvalue()


def _mark(archive: str, name: str) -> str:
    return hashlib.sha256(f"{archive}/{name}/{SIDE}".encode()).hexdigest()[:32]


def _keep(ctx: Context, made: bytes, stored: str) -> None:
    """Store it; that storage is full or away is no reason not to show it."""
    try:
        with ctx.files.workspace() as folder:
            path = folder / "small.webp"
            path.write_bytes(made)
            ctx.files.put(path, stored)
    except (OSError, Unavailable) as error:
        log.warning("A small picture could not be kept: %s", error)
