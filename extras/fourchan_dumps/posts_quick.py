"""Make posts of many records at once, of those that hold nothing out of the ordinary.

That is most of them: replies, not deleted, whose text has no marks of the archive. For the others there is
`posts.Posts`, which makes the same of these, record by record.
"""

from __future__ import annotations

import polars as pl

from datasources._imageboard.query import LONGEST, spaced
from extras.fourchan_dumps.countries import NAMES
from extras.fourchan_dumps.posts import EARLIEST, LATEST, SOURCE, Post, real_time

_NULL = "\\N"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#039;"}
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_OPEN, _CLOSE = "\x01", "\x02"
_NONE = ("", "N")
_TEXTS = ("title", "name", "trip", "poster_hash", "media_filename", "media_orig")
_SIZES = ("media_w", "media_h", "media_size", "preview_w", "preview_h")


def quick_posts(frame: pl.DataFrame, board: str, *, new_york: bool = False) -> list[Post | None]:
    """The posts of records given as text columns with the names of `record.FIELDS`; None for what is not ordinary."""
    places = frame.select(_is_ordinary()).to_series().fill_null(value=False)
    ordinary = frame.filter(places).with_columns(
        pl.col("num", "thread_num", "timestamp").cast(pl.Int64), pl.col(_SIZES).cast(pl.Int64)
    )
    if new_york:
        hours = (ordinary["timestamp"] // 3600).unique().to_list()
        shifts = {hour: real_time(hour * 3600) - hour * 3600 for hour in hours}
        moved = pl.col("timestamp") + (pl.col("timestamp") // 3600).replace_strict(shifts, return_dtype=pl.Int64)
        ordinary = ordinary.with_columns(moved.alias("timestamp"))
    made = ordinary.select(
        *("num", "thread_num", "timestamp"),
        _has_image().alias("has_image"),
        pl.concat_str([pl.lit(f"{SOURCE}\t{board}"), *_fields(), *_words(ordinary)], separator="\t").alias("line"),
    )
    posts = (Post(num, thread, time, image, None, line) for num, thread, time, image, line in made.iter_rows())
    return [next(posts) if is_ordinary else None for is_ordinary in places]


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
        *(_text(_escaped(pl.col("title"))), _text(_body()), _text(_escaped(pl.col("name"))), _text(pl.col("trip"))),
        pl.when(pl.col("poster_hash") == "N").then(pl.lit(_NULL)).otherwise(_text(pl.col("poster_hash"))),
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
    columns = [_text(pl.col("media_filename")), _text(pl.col("media_orig")), _text(md5), *sizes]
    return [pl.when(_has_image()).then(column.fill_null(_NULL)).otherwise(pl.lit(_NULL)) for column in columns]


def _rest() -> pl.Expr:
    parts = ('{"preview": "', "preview_orig", '", "tn_w": ', "preview_w", ', "tn_h": ', "preview_h", "}")
    preview = pl.concat_str([pl.col(part) if part.startswith("preview") else pl.lit(part) for part in parts])
    return pl.when(pl.col("preview_orig").fill_null("") == "").then(pl.lit("{}")).otherwise(preview)


def _escaped(text: pl.Expr) -> pl.Expr:
    return text.str.replace_many(_ENTITIES)


def _text(text: pl.Expr) -> pl.Expr:
    """Text as COPY wants it; NULL where there is none."""
    return pl.when(text.fill_null("") == "").then(pl.lit(_NULL)).otherwise(text.str.replace_many(_ESCAPES))


def _body() -> pl.Expr:
    """The comment as `markup.to_html` gives it: lines that quote, references to posts, breaks."""
    marked = pl.col("comment").str.replace_all(r"(?m)^(>(?:[^>\n].*)?)$", f"{_OPEN}${{1}}{_CLOSE}")
    spans = {_OPEN: '<span class="quote">', _CLOSE: "</span>", "\r\n": "<br>", "\n": "<br>"}
    link = '<a href="#p${1}" class="quotelink">&gt;&gt;${1}</a>'
    return _escaped(marked).str.replace_all(r"&gt;&gt;(\d{1,18})", link).str.replace_many(spans)


def _words(frame: pl.DataFrame) -> list[pl.Series]:
    """The words of subjects and comments, as `query.spaced` spells them."""
    return [_spaced(frame[name].fill_null("").alias(f"{name}_words")) for name in ("title", "comment")]


def _spaced(texts: pl.Series) -> pl.Series:
    text = pl.col(texts.name)
    words = text.str.to_lowercase().str.replace_all("[^0-9a-z_]+", " ").str.strip_chars(" ")
    is_odd = text.str.contains(rf"[^\x00-\x7f]|[0-9A-Za-z_]{{{LONGEST + 1},}}")
    plain = pl.when(words == "").then(pl.lit("")).otherwise(pl.format(" {} ", words))
    found = texts.to_frame().select(pl.when(is_odd).then(None).otherwise(plain).alias(texts.name)).to_series()
    odd = found.is_null()
    if odd.any():
        found = found.scatter(odd.arg_true(), [spaced(value.replace("\u00ad", "")) for value in texts.filter(odd)])
    return found
