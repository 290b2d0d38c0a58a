"""Images of imageboards put straight into storage, as scrapers do."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from PIL import Image

from app.services.context import Context
from datasources._imageboard.store.images import image_name, note


def picture(colour: str = "teal", size: tuple[int, int] = (320, 200)) -> bytes:
    """A small PNG."""
    kept = io.BytesIO()
    Image.new("RGB", size, colour).save(kept, "PNG")
    return kept.getvalue()


def keep_image(ctx: Context, content: bytes | None = None) -> tuple[str, bytes]:
    """Keep an image; its MD5 and what is in it."""
    image = content or picture()
    md5 = hashlib.md5(image, usedforsecurity=False).hexdigest()
    name = image_name(md5, ".png")
    with ctx.files.workspace() as folder:
        path = Path(folder) / "image"
        path.write_bytes(image)
        ctx.files.put(path, name)
    note(ctx.database, "fourchan", md5, "stored", name=name, size=len(image))
    return md5, image
