"""Where the columns of a pin come from: of the site's data, or as read from the page."""

from __future__ import annotations

from datasources._zeeschuimer._fields import Fields, first, made, moment, number, text, texts, unix
from datasources._zeeschuimer._paths import Raw, find
from datasources._zeeschuimer._values import as_flag


def _board(raw: Raw) -> str | None:
    address = first(raw, "board.url")
    return f"https://www.pinterest.com{address}" if address and address.startswith("/") else address


def _url(raw: Raw) -> str:
    return f"https://www.pinterest.com/pin/{first(raw, 'id', 'entityId')}"


def _is_video(raw: Raw) -> bool | None:
    given = as_flag(find(raw.data, "is_video", "isVideo"))
    return given if given is not None or "videos" not in raw.data else bool(raw.data["videos"])


FIELDS: Fields = {
    "id": text("id", "entityId", required=True),
    "thread_id": text("id", "entityId"),
    "timestamp": moment("created_at", "createdAt"),
    "author": text("pinner.username", "author"),
    "body": text("description", "closeup_description", "body"),
    "subject": text("title", "grid_title", "gridTitle", "subject"),
    "author_fullname": text("pinner.full_name", "pinner.fullName"),
    "author_original": text("native_creator.username", "nativeCreator.username"),
    "ai_description": text("auto_alt_text", "autoAltText", "seo_alt_text"),
    "pinner_original": text("origin_pinner.username", "originPinner.username"),
    "pinner_via": text("via_pinner.username", "viaPinner.username"),
    "board": text("board.name"),
    "board_pins": number("board.pin_count", "board.pinCount"),
    "board_url": made(str, _board),
    "idea_tags": texts("pin_join.visual_annotation.*", "pinJoin.visualAnnotation.*"),
    "url": made(str, _url),
    "is_video": made(bool, _is_video),
    "image_url": text("images.orig.url", "imageSpec_orig.url", "image", "images.736x.url"),
    "dominant_colour": text("dominant_color", "dominantColor"),
    "unix_timestamp": unix("created_at", "createdAt"),
}
