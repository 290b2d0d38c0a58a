"""Collect the images of posts that are kept here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import Accepts, EmptyResult, Example, Files, Number, Processor, Run, Source

if TYPE_CHECKING:
    import polars as pl

_IDS = 100


class StoredImages(Processor):
    """Collects the images that posts show, as far as scrapers have kept them here, each once; those that most posts
    show come first. Nothing is downloaded from elsewhere.
    """

    type: ClassVar[str] = "stored-images"
    title: ClassVar[str] = "Collect images"
    category: ClassVar[str] = "Visual"
    accepts = Accepts(items=True, all_columns=("id", "image_md5"))
    returns = Files
    examples = (Example(items=[{"id": "1", "image_md5": "0cc175b9c0f1b6a831c399e269772661"}], result={}),)

    @dataclass(frozen=True)
    class Options:
        """How many."""

        amount: int = Number("How many images at most", 1_000, minimum=1, maximum=100_000)

    def process(self, source: Source, options: Options, run: Run) -> Files:
        """Look each image up by its MD5."""
        table = source.lazy()
        wanted = _most_shown(table).collect(engine="streaming")
        if wanted.is_empty():
            raise EmptyResult(say("No post here shows an image."))
        described: dict[str, Any] = {}
        return Files(_kept(wanted, options.amount, described, run), {"images": described}, media="image")


def _most_shown(table: pl.LazyFrame) -> pl.LazyFrame:
    """The MD5 of each image, how many posts show it, and the first of them."""
    import polars as pl

    md5 = pl.col("image_md5").cast(pl.String).str.to_lowercase()
    return (
        table.select(md5=md5, id=pl.col("id").cast(pl.String))
        .filter(pl.col("md5").str.contains("^[0-9a-f]{32}$"))
        .group_by("md5")
        .agg(posts=pl.len(), ids=pl.col("id").sort().head(_IDS))
        .sort(["posts", "md5"], descending=[True, False])
    )


def _kept(wanted: pl.DataFrame, amount: int, described: dict[str, Any], run: Run) -> Iterator[tuple[str, Path]]:
    """The images that are kept, one at a time; what is known of each goes into `described`."""
    looked_for = 0
    for row in wanted.iter_rows(named=True):
        if len(described) == amount:
            run.warn(
                say(
                    "There are more images than {amount:,}; those that most posts show were taken.",
                    amount=amount,
                )
            )
            break
        looked_for += 1
        run.check()
        run.progress(looked_for, wanted.height, say("{amount:,} images found", amount=len(described)))
        path = run.stored_image(row["md5"])
        if path is not None:
            name = f"{row['md5']}{path.suffix}"
            described[name] = {"posts": row["posts"], "post_ids": row["ids"]}
            yield name, path
    if described:
        run.summary(
            say("{kept:,} of {shown:,} images that posts show are kept here.", kept=len(described), shown=looked_for)
        )
    else:
        run.summary(say("None of the images that posts show is kept here."))
