"""Make posts of many records at once, of those that hold nothing out of the ordinary.

That is most of them: replies, not deleted, whose text has no marks of the archive. For the others there is
`posts.Posts`, which makes the same of these, record by record.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from extras.fourchan_dumps.countries import NAMES
from extras.fourchan_dumps.posts import EARLIEST, LATEST, SOURCE, real_time
from extras.fourchan_dumps.words_quick import spell

_NULL = "\\N"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#039;"}
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_OPEN, _CLOSE = "\x01", "\x02"
_MARKS = {_OPEN: '<span class="quote">', _CLOSE: "</span>", "\r\n": "<br>", "\n": "<br>"}
_IN_BODY = {**_MARKS, **_ENTITIES, **{sign: text for sign, text in _ESCAPES.items() if sign not in _MARKS}}
_NONE = ("", "N")
_TEXTS = ("title", "name", "trip", "poster_hash", "media_filename", "media_orig")
_SIZES = ("media_w", "media_h", "media_size", "preview_w", "preview_h")


class Quick(NamedTuple):
    """Posts that were made at once: which of the records are among them, their posts in that order, and their words."""

    is_ordinary: pl.Series
    posts: pl.DataFrame
    words: set[str]


def quick_posts(frame: pl.DataFrame, board: str, *, new_york: bool = False) -> Quick:
    """The posts of records given as text columns with the names of `record.FIELDS`: `id thread time has_image line`."""
    places = frame.select(_is_ordinary()).to_series().fill_null(value=False)
    ordinary = frame.filter(places).with_columns(
        pl.col("num", "thread_num", "timestamp").cast(pl.Int64), pl.col(_SIZES).cast(pl.Int64)
    )
    if new_york:
        hours = (ordinary["timestamp"] // 3600).unique().to_list()
        shifts = {hour: real_time(hour * 3600) - hour * 3600 for hour in hours}
        moved = pl.col("timestamp") + (pl.col("timestamp") // 3600).replace_strict(shifts, return_dtype=pl.Int64)
        ordinary = ordinary.with_columns(moved.alias("timestamp"))
    subjects, subject_words = spell(ordinary["title"])
    bodies, body_words = spell(ordinary["comment"])
    columns = [pl.lit(f"{SOURCE}\t{board}"), *_fields(), subjects.alias("subject_words"), bodies.alias("body_words")]
    made = ordinary.select(
        pl.col("num").alias("id"),
        pl.col("thread_num").alias("thread"),
        pl.col("timestamp").alias("time"),
        _has_image().alias("has_image"),
        pl.concat_str(columns, separator="\t").alias("line"),
    )
    return Quick(places, made, subject_words | body_words)


def _is_ordinary() -> pl.Expr:
    number, stamp = pl.col("num", "thread_num"), pl.col("timestamp")
    comment = pl.col("comment").fill_null("")
    conditions = [
        number.str.contains(r"\A[1-9][0-9]{0,17}\z"),
        stamp.str.contains(r"\A[1-9][0-9]{8,9}\z"),
        stamp.cast(pl.Int64, strict=False).is_between(EARLIEST, LATEST - 1),
        pl.col("num") != pl.col("thread_num"),
        pl.col("subnum", "op", "deleted", "spoiler") == "0",
        _is_one_of("timestamp_expired", ("0", "")),
        _is_one_of("capcode", _NONE),
        _is_one_of("email", ("",)),
        _is_one_of("exif", ("",)),
        pl.col("preview_orig").fill_null("").str.contains(r"\A[0-9A-Za-z._-]*\z"),
        pl.col("media_hash").fill_null("").str.contains(r"\A([0-9A-Za-z+/]{21}[AQgw]==)?\z"),
        pl.col(_SIZES).str.contains(r"\A(0|[1-9][0-9]{0,8})\z"),
        pl.col("poster_country").fill_null("").str.contains(r"\A[A-Z0-9]{0,2}\z"),
        ~comment.str.contains(r"[\[\x00\x01\x02]|>>>/"),
        *(~pl.col(name).fill_null("").str.contains("\x00", literal=True) for name in _TEXTS),
    ]
    return pl.all_horizontal(*conditions)


def _is_one_of(name: str, values: tuple[str, ...]) -> pl.Expr:
    return pl.col(name).fill_null("").is_in(values)


def _fields() -> list[pl.Expr]:
    """The columns of `posts.COLUMNS` from the number on, without the words."""
    moment = pl.from_epoch("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    country = pl.col("poster_country").fill_null("")
    return [
        *(pl.col("num").cast(pl.String), pl.col("thread_num").cast(pl.String), moment, moment, pl.lit(_NULL)),
        *(_html("title"), _unless_empty("comment", _body()), _html("name"), _text("trip")),
        pl.when(pl.col("poster_hash") == "N").then(pl.lit(_NULL)).otherwise(_text("poster_hash")),
        pl.lit(_NULL),
        pl.when(country.is_in(_NONE)).then(pl.lit(_NULL)).otherwise(country),
        country.replace_strict(NAMES, default=_NULL),
        *_image(),
        _rest(),
    ]


def _has_image() -> pl.Expr:
    return pl.any_horizontal(pl.col("media_hash", "media_orig", "media_filename").fill_null("") != "")


def _image() -> list[pl.Expr]:
    """File, name on the board, MD5 as hexadecimal, width, height, bytes."""
    md5 = pl.col("media_hash").fill_null("").str.decode("base64").bin.encode("hex")
    sizes = [pl.when(pl.col(name) == 0).then(None).otherwise(pl.col(name)).cast(pl.String) for name in _SIZES[:3]]
    columns = [_text("media_filename"), _text("media_orig"), _unless_empty("media_hash", md5), *sizes]
    return [pl.when(_has_image()).then(column.fill_null(_NULL)).otherwise(pl.lit(_NULL)) for column in columns]


def _rest() -> pl.Expr:
    parts = ('{"preview": "', "preview_orig", '", "tn_w": ', "preview_w", ', "tn_h": ', "preview_h", "}")
    preview = pl.concat_str([pl.col(part) if part.startswith("preview") else pl.lit(part) for part in parts])
    return pl.when(pl.col("preview_orig").fill_null("") == "").then(pl.lit("{}")).otherwise(preview)


def _html(name: str) -> pl.Expr:
    """A column of plain text as HTML, as COPY wants it."""
    return _unless_empty(name, pl.col(name).str.replace_many({**_ENTITIES, **_ESCAPES}))


def _text(name: str) -> pl.Expr:
    """A column as COPY wants it."""
    return _unless_empty(name, pl.col(name).str.replace_many(_ESCAPES))


def _unless_empty(name: str, text: pl.Expr) -> pl.Expr:
    """What a column has been made into; NULL where there is nothing in it."""
    return pl.when(pl.col(name).fill_null("") == "").then(pl.lit(_NULL)).otherwise(text)


def _body() -> pl.Expr:
    """The comment as `markup.to_html` gives it, as COPY wants it: lines that quote, references to posts, breaks."""
    marked = pl.col("comment").str.replace_all(r"(?m)^(>(?:[^>\n].*)?)$", f"{_OPEN}${{1}}{_CLOSE}")
    link = '<a href="#p${1}" class="quotelink">&gt;&gt;${1}</a>'
    html = marked.str.replace_many(_IN_BODY, leftmost=True)  # the first that fits: a break of Windows is one
    return html.str.replace_all(r"&gt;&gt;(\d{1,18})", link)
