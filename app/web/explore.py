"""The explorer: the items of a dataset as posts to read and to annotate, fifty at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

from flask import Blueprint, Response, current_app, url_for
from htmx_flask import request
from itsdangerous import BadSignature, URLSafeSerializer

from app.domain.errors import InvalidInput, NotFound, UserError
from app.domain.texts import say
from app.installation import installation
from app.sending import LONE_POLICY
from app.services import explore as explorer
from app.services.dataset import get_dataset
from app.services.facet import Facet, facet
from app.services.item_filter import OPERATORS, parts_of
from app.web.page import current_actor, go_to, render, wants_piece

pages = Blueprint("explore", __name__)

_FIRST = ("timestamp", "author", "body")
_MOST_CONDITIONS = 20
OPERATOR_WORDS = {
    "~": say("contains"),
    "!~": say("does not contain"),
    "==": say("is"),
    "!=": say("is not"),
    ">": say("is more, or later, than"),
    ">=": say("is at least, or from"),
    "<": say("is less, or earlier, than"),
    "<=": say("is at most, or up to"),
}


@dataclass(frozen=True)
class Place:
    """What the explorer shows: everything that its address says."""

    key: str
    offset: int = 0
    sort: str = ""
    find: str = ""
    view: str = ""
    where: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    facet: str = ""

    def url(self, **changes: Any) -> str:
        """The address of this place with some things changed; it begins at the first item unless told otherwise."""
        there = replace(self, **{"offset": 0, **changes})
        given = {name: value for name, value in vars(there).items() if value and name != "key"}
        return url_for("explore.show", key=there.key, **given)

    def plus(self, conditions: tuple[str, ...], facet: str) -> str:
        """The address with more conditions, chosen in what is in a column, which stays open."""
        return self.url(where=tuple(dict.fromkeys((*self.where, *conditions))), facet=facet)

    def minus(self, condition: str) -> str:
        """The address without a condition."""
        return self.url(where=tuple(kept for kept in self.where if kept != condition))

    def item_url(self, number: int) -> str:
        """The address of one item, by its number in this order and among those that meet the conditions."""
        kept = {name: getattr(self, name) or None for name in ("sort", "find", "where")}
        return url_for("explore.one_item", key=self.key, number=number, **kept)

    @property
    def mark(self) -> str:
        """A mark of what is looked at, and how: what has been counted in a column counts it, and leads on from here."""
        return f"{crc32(repr((self.where, self.find, self.view, self.sort, self.show)).encode()):x}"

    def facet_url(self, column: str) -> str:
        """The address of what is in a column; what can be chosen there leads on from this place."""
        names = ("where", "find", "view", "sort", "show")
        kept = {name: getattr(self, name) or None for name in names}
        return url_for("explore.one_facet", key=self.key, column=column, **kept)


def _place(key: str) -> Place:
    """What the request's address says; a condition just typed into the form is one more."""
    args = request.args
    offset, row = args.get("offset", "0"), args.get("row", "").replace(",", "").strip()
    if row.isdecimal():
        offset = str(max(int(row) - 1, 0))
    where = [text for text in args.getlist("where") if text.strip()]
    column, operator, value = args.get("column", ""), args.get("operator", ""), args.get("value", "").strip()
    if column and operator in OPERATORS:
        where.append(f"{column}{operator}{value}")
    return Place(
        key,
        offset=int(offset) if offset.isdecimal() and len(offset) < 16 else 0,
        sort=args.get("sort", ""),
        find=args.get("find", "").strip(),
        view="table" if args.get("view") == "table" else "",
        where=tuple(dict.fromkeys(where))[:_MOST_CONDITIONS],
        show=tuple(dict.fromkeys(name for name in args.getlist("show") if name)),
        facet=args.get("facet", ""),
    )


def _signer(key: str) -> URLSafeSerializer:
    """Signs names of images for one dataset: only what a page of it has shown can be asked for."""
    return URLSafeSerializer(str(current_app.secret_key), salt=f"image of dataset {key}")


def _image_address(key: str) -> Callable[[str], str]:
    signer = _signer(key)
    return lambda name: url_for("explore.image", key=key, signed=signer.dumps(name))


@pages.get("/datasets/<key>/explore")
def show(key: str) -> Response:
    """Fifty items, from `offset` on, sorted by a column or as they came, that meet all conditions."""
    ctx, actor, place = installation(), current_actor(), _place(key)
    found = explorer.explore(
        ctx, actor, key, offset=place.offset, sort=place.sort or None, find=place.find, filter=place.where
    )
    columns = found.page.columns
    shown = [name for name in place.show if name in columns]
    if not wants_piece() and place.facet and not found.problem:
        opened: Facet | None = _facet(key, place, place.facet)
    else:
        opened = None
    return render(
        "explore/show.html",
        piece="explore/_page.html",
        found=found,
        dataset=found.dataset,
        source=ctx.registry.datasources.get(found.dataset.datasource or ""),
        place=place,
        shown=shown,
        table_columns=shown or [name for name in columns if name in ("id", *_FIRST)] or columns[:6],
        facet=opened,
        operators=OPERATOR_WORDS,
        conditions=[(text, parts_of(text, columns)) for text in place.where],
        step=explorer.AT_ONCE,
        here=[str(item.get("id")) for item, _ in found.items],
        image_address=_image_address(key),
    )


@pages.get("/datasets/<key>/explore/<int:number>")
def one_item(key: str, number: int) -> Response:
    """One item with all its columns, and the ways to the one before and after it."""
    ctx, place = installation(), _place(key)
    start = min(max(number, 1), 10**15) - 1
    found = explorer.explore(
        ctx, current_actor(), key, offset=start, sort=place.sort or None, find=place.find, filter=place.where, limit=1
    )
    if not found.items:
        raise NotFound(say("“{dataset}” has no item with this number here.", dataset=found.dataset.label))
    values: dict[str, Any] = {
        "found": found,
        "dataset": found.dataset,
        "place": place,
        "number": start + 1,
        "item": found.items[0][0],
    }
    return render("explore/one.html", piece="explore/_one.html", **values)


def _facet(key: str, place: Place, column: str) -> Facet | None:
    try:
        return facet(installation(), current_actor(), key, column, filter=place.where, find=place.find)
    except InvalidInput:
        return None


@pages.get("/datasets/<key>/facets/<path:column>")
def one_facet(key: str, column: str) -> Response:
    """What is in a column, counted; without HTMX, the explorer with it opened."""
    place = _place(key)
    get_dataset(installation(), current_actor(), key)
    if not wants_piece():
        return go_to(place.url(facet=column))
    try:
        found = facet(installation(), current_actor(), key, column, filter=place.where, find=place.find)
    except UserError as error:
        is_filter = isinstance(error, InvalidInput) and "filter" in error.fields
        problem = say("It is counted when the filters are right.") if is_filter else error.message
        return render("explore/_facet.html", facet=None, problem=problem, place=place)
    return render("explore/_facet.html", facet=found, place=place)


@pages.get("/datasets/<key>/images/<signed>")
def image(key: str, signed: str) -> Response:
    """An image that an item of this dataset shows, for those who may see the dataset."""
    try:
        name = _signer(key).loads(signed)
    except BadSignature:
        raise NotFound(say("There is no such image.")) from None
    mimetype, content = explorer.read_image(installation(), current_actor(), key, str(name))
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Security-Policy"] = LONE_POLICY
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
