"""The explorer: the items of a dataset as posts to read, fifty at a time."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, current_app, url_for
from htmx_flask import request
from itsdangerous import BadSignature, URLSafeSerializer

from app.domain.errors import NotFound
from app.services import explore as explorer
from app.web.page import current_actor, installation, render

pages = Blueprint("explore", __name__)

_IMAGE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


def _signer(key: str) -> URLSafeSerializer:
    """Signs names of images for one dataset: only what a page of it has shown can be asked for."""
    return URLSafeSerializer(str(current_app.secret_key), salt=f"image of dataset {key}")


def _image_address(key: str) -> Callable[[str], str]:
    signer = _signer(key)
    return lambda name: url_for("explore.image", key=key, signed=signer.dumps(name))


@pages.get("/datasets/<key>/explore")
def show(key: str) -> Response:
    """Fifty items, from `offset` on, sorted by a column or as they came, with a text in them."""
    given = request.args.get("offset", "0")
    offset = int(given) if given.isdecimal() and len(given) < 16 else 0
    sort, find = request.args.get("sort", ""), request.args.get("find", "").strip()
    found = explorer.explore(installation(), current_actor(), key, offset=offset, sort=sort or None, find=find)
    source = installation().registry.datasources.get(found.dataset.datasource or "")
    return render(
        "explore/show.html",
        piece="explore/_page.html",
        found=found,
        dataset=found.dataset,
        source=source,
        sort=sort,
        find=find,
        step=explorer.AT_ONCE,
        here=[str(item.get("id")) for item, _ in found.items],
        image_address=_image_address(key),
    )


@pages.get("/datasets/<key>/images/<signed>")
def image(key: str, signed: str) -> Response:
    """An image that an item of this dataset shows, for those who may see the dataset."""
    try:
        name = _signer(key).loads(signed)
    except BadSignature:
        raise NotFound("There is no such image.") from None
    mimetype, content = explorer.read_image(installation(), current_actor(), key, str(name))
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Security-Policy"] = _IMAGE_POLICY
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
