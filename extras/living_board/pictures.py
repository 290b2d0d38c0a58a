"""Files that posts carry: real small pictures, made of a number, so that any of them can be made again when asked for.

A few dozen drawings are made with Pillow when first needed; every picture is one of them with a serial number inside
(a comment of the format), which gives it bytes and an MD5 of its own at next to no cost.
"""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_DRAWINGS = 48
_FORMATS = {".jpg": "JPEG", ".png": "PNG", ".gif": "GIF"}
_MEDIA_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".gif": "image/gif", ".webm": "video/webm"}


@dataclass(frozen=True, slots=True)
class Picture:
    """One content: the same serial number and extension always give the same bytes."""

    serial: int
    ext: str
    width: int
    height: int
    size: int
    md5: bytes
    name: str  # a SHA-256, for engines that name files after what is in them

    @property
    def md5_base64(self) -> str:
        """The MD5 of the bytes, as imageboards write it."""
        return base64.b64encode(self.md5).decode()

    @property
    def media_type(self) -> str:
        """What a server says the bytes are."""
        return _MEDIA_TYPES[self.ext]

    @property
    def thumb_size(self) -> tuple[int, int]:
        """Width and height of the preview."""
        return max(1, self.width // 2), max(1, self.height // 2)

    def content(self) -> bytes:
        """The bytes of the file."""
        return _sealed(self.serial, self.ext)

    def broken_content(self) -> bytes:
        """Other bytes than those its MD5 was made of: half of it was lost."""
        content = self.content()
        return content[: len(content) // 2]

    def thumbnail(self) -> bytes:
        """A preview, always a JPEG."""
        picture = _drawing(self.serial % _DRAWINGS).resize(self.thumb_size)
        return _encode(picture, ".jpg")


def picture(serial: int, ext: str) -> Picture:
    """The picture with this number in this format."""
    content = _sealed(serial, ext)
    width, height = _drawing(serial % _DRAWINGS).size
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    return Picture(serial, ext, width, height, len(content), digest, hashlib.sha256(content).hexdigest())


def _sealed(serial: int, ext: str) -> bytes:
    """The drawing of this number with the number written into it, where the format allows a comment."""
    mark = b"picture %d" % serial
    if ext == ".webm":
        return _video_header(mark)
    plain = _plain(serial % _DRAWINGS, ext)
    if ext == ".jpg":
        return plain[:2] + b"\xff\xfe" + struct.pack(">H", len(mark) + 2) + mark + plain[2:]
    if ext == ".png":
        body = b"tEXtComment\x00" + mark
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        return plain[:33] + chunk + plain[33:]
    return plain[:-1] + b"\x21\xfe" + bytes([len(mark)]) + mark + b"\x00;"


def _video_header(mark: bytes) -> bytes:
    """An EBML header that says WebM and a block to be skipped: a well-formed file without a picture in it."""
    kind = b"\x42\x82\x84webm\x42\x87\x81\x04\x42\x85\x81\x02"
    return b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(kind)]) + kind + b"\xec" + bytes([0x80 | len(mark)]) + mark


@cache
def _plain(number: int, ext: str) -> bytes:
    return _encode(_drawing(number), ext)


def _encode(drawing: Image, ext: str) -> bytes:
    target = io.BytesIO()
    drawing.convert("P" if ext == ".gif" else "RGB").save(target, _FORMATS[ext])
    return target.getvalue()


@cache
def _drawing(number: int) -> Image:
    """Some coloured shapes, others for every number."""
    from PIL import Image, ImageDraw

    chance = Random(f"drawing {number}")
    size = chance.choice([(120, 90), (90, 120), (100, 100), (160, 90)])

    def colour() -> tuple[int, int, int]:
        return chance.randrange(256), chance.randrange(256), chance.randrange(256)

    image = Image.new("RGB", size, colour())
    pen = ImageDraw.Draw(image)
    for _ in range(chance.randint(2, 6)):
        left, top = chance.randrange(size[0]), chance.randrange(size[1])
        box = (left, top, left + chance.randint(10, 60), top + chance.randint(10, 60))
        (pen.ellipse if chance.random() < 0.5 else pen.rectangle)(box, fill=colour())
    return image
