"""Files in archives: a wall of pictures and videos, a list that can be searched, and each file shown in place."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, url_for
from flask import make_response as plain_response
from htmx_flask import request

from app.domain.dataset import Dataset
from app.domain.errors import NotFound
from app.domain.texts import say
from app.installation import installation
from app.sending import LONE_POLICY
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.explore import can_explore
from app.services.member import VIDEOS, Member, list_members, open_member
from app.services.member_preview import MOST_MEDIA, MOST_PAGE, beginning, preview_of
from app.services.small_picture import small_picture
from app.web.page import current_actor, go_to
from app.web.security import PAGE_POLICY

pages = Blueprint("member", __name__)

STEP = 100
TILES = 240
_WEEK = 7 * 24 * 3600
_MOST_METADATA = 5_000_000
_METADATA = "metadata.json"


def members_of(ctx: Context, dataset: Dataset) -> dict[str, Any]:
    """What the template of an archive needs, by what the address asks for: a text to find, a place, a file."""
    found = list_members(ctx, current_actor(), dataset.key)
    words = request.args.get("find", "").lower().split()
    fitting = [one for one in found if all(word in one.name.lower() for word in words)]
    tiles = [one for one in fitting if (one.picture and one.size <= MOST_MEDIA) or one.end in VIDEOS]
    start, first = _place("offset", STEP, len(fitting)), _place("wall", TILES, len(tiles))
    return {
        "find": request.args.get("find", ""),
        "total": len(found),
        "fitting": len(fitting),
        "members": fitting[start : start + STEP],
        "offset": start,
        "step": STEP,
        "tiles": [(one, one.end in VIDEOS) for one in tiles[first : first + TILES]],
        "tiles_total": len(tiles),
        "tiles_offset": first,
        "tiles_step": TILES,
        "posts": _posts_of(ctx, dataset, found) if tiles else {},
        "version": _version(dataset),
    } | _shown_of(ctx, dataset)


def _place(name: str, step: int, total: int) -> int:
    """Where a part of a list begins, by the address: a multiple of its step, and never past the end."""
    given = request.args.get(name, "0")
    place = int(given) if given.isdecimal() and len(given) < 16 else 0
    return min(place, max(total - 1, 0)) // step * step


def _shown_of(ctx: Context, dataset: Dataset) -> dict[str, Any]:
    """The file that the address asks for, as it is shown."""
    name = request.args.get("member")
    if not name:
        return {"member": None}
    try:
        member, chunks = open_member(ctx, current_actor(), dataset.key, name)
    except NotFound as error:
        return {"member": None, "missing": error.message}
    return {"member": member, "preview": preview_of(member, chunks)}


def _version(dataset: Dataset) -> str:
    """A mark of the archive, so that browsers may keep what they have got out of it."""
    return dataset.result.files["archive"].sha256[:12] if dataset.result else ""


def _posts_of(ctx: Context, dataset: Dataset, found: list[Member]) -> dict[str, tuple[int, str]]:
    """For each picture of which the archive says it: in how many posts it is, and where the first can be read."""
    described = next((one for one in found if one.name == _METADATA and one.size <= _MOST_METADATA), None)
    if described is None or dataset.parent is None:
        return {}
    try:
        source = get_dataset(ctx, current_actor(), dataset.parent)
    except NotFound:  # it is shared with them no longer
        return {}
    if not can_explore(source):
        return {}
    _, chunks = open_member(ctx, current_actor(), dataset.key, _METADATA)
    try:
        pictures = json.loads(b"".join(chunks))["images"]
        return {
            name: (int(about["posts"]), url_for("explore.show", key=source.key, where=f"id=={about['post_ids'][0]}"))
            for name, about in pictures.items()
            if about.get("post_ids")
        }
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return {}


@pages.get("/datasets/<key>/files/<path:name>")
def file(key: str, name: str) -> Response:
    """A picture, video or sound out of an archive, from any place in it."""
    found, chunks = open_member(installation(), current_actor(), key, name)
    if found.media is None or (found.picture and found.size > MOST_MEDIA):
        raise NotFound(say("“{name}” is no picture, or too large to be shown.", name=name))
    response = _kept(Response(chunks, mimetype=found.media))
    if not found.picture:
        response.make_conditional(request, accept_ranges=True, complete_length=found.size)
    return response


@pages.get("/datasets/<key>/thumbnails/<path:name>")
def small(key: str, name: str) -> Response:
    """A picture out of an archive, small; the picture itself where it cannot be made small."""
    made = small_picture(installation(), current_actor(), key, name)
    if made is None:
        return go_to(url_for("member.file", key=key, name=name))
    return _kept(Response(made, mimetype="image/webp"))


@pages.get("/datasets/<key>/pages/<path:name>")
def page(key: str, name: str) -> Response:
    """A page of HTML out of an archive: shown in a sandbox without rights here."""
    found, chunks = open_member(installation(), current_actor(), key, name)
    if found.end not in ("html", "htm") or found.size > MOST_PAGE:
        raise NotFound(say("“{name}” is no page, or too large to be shown.", name=name))
    response = plain_response(beginning(chunks, MOST_PAGE))
    response.mimetype = "text/html"
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


def _kept(response: Response) -> Response:
    """A file that may do nothing but be looked at; browsers may keep it, since what is in an archive never changes."""
    response.headers["Content-Security-Policy"] = LONE_POLICY
    response.headers["Cache-Control"] = f"private, max-age={_WEEK if 'v' in request.args else 0}"
    return response
