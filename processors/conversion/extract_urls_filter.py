"""List the links in posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import (
    Accepts,
    Columns,
    Example,
    InvalidInput,
    Processor,
    Run,
    Source,
    SourceError,
    Table,
    Text,
    Toggle,
)
from app.plugins.columns import as_text
from app.plugins.extract import bare_urls_in, endings, host_of, urls_in
from app.plugins.http import PublicWeb
from processors.conversion._shorteners import SHORTENERS

if TYPE_CHECKING:
    import polars as pl


class ExtractUrlsFilter(Processor):
    """Lists the links in each post, once each, beside the text they come from; posts without links are left out. Links
    of shorteners can be followed to where they lead.
    """

    type: ClassVar[str] = "extract-urls-filter"
    title: ClassVar[str] = "Extract links"
    category: ClassVar[str] = "Conversion"
    accepts = Accepts(all_columns=("id",))
    returns = Table(open_ended=True, id=str, number_unique_urls=int, extracted_urls=str)
    followups = ("attribute-frequencies",)
    references = ("Top-level domains: Public Suffix List, https://publicsuffix.org/",)
    examples = (
        Example(
            items=[
                {"id": "1", "body": "See (https://example.org/a,b) and http://example.org/c, http://example.org/c."},
                {"id": "2", "body": "example.org"},
            ],
            result=[
                {
                    "id": "1",
                    "number_unique_urls": 2,
                    "extracted_urls": "https://example.org/a%2Cb,http://example.org/c",
                    "content_body": "See (https://example.org/a,b) and http://example.org/c, http://example.org/c.",
                }
            ],
        ),
        Example(
            items=[{"id": "1", "body": "example.org and a@example.org, notes.txt"}],
            options={"eager": True},
            result=[
                {
                    "id": "1",
                    "number_unique_urls": 1,
                    "extracted_urls": "example.org",
                    "content_body": "example.org and a@example.org, notes.txt",
                }
            ],
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """Where to look, and for what."""

        columns: tuple[str, ...] = Columns("Columns to search", default=("body",))
        eager: bool = Toggle(
            "Also find links without http://", help="Finds example.org, and some things that are no link."
        )
        eager_domains: str = Text(
            "Only with these endings",
            help="Separated by commas, for example: com, org, bbc.co.uk. Without any, all endings that exist.",
            requires={"eager": True},
        )
        expand_urls: bool = Toggle(
            "Follow shortened links",
            help="Asks bit.ly, t.co and other shorteners where their links lead. This takes a while.",
        )

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Find links in all columns, then follow the short ones when asked to."""
        import polars as pl

        table = source.lazy()
        schema = table.collect_schema()
        texts = [as_text(column, schema) for column in options.columns]
        text = pl.concat_str(texts, separator="\n")
        if options.eager:
            urls = bare_urls_in(text, _endings(options.eager_domains))
        else:
            table = table.filter(text.str.contains("://", literal=True))
            urls = urls_in(text)
        contents = [text.alias(f"content_{column}") for column, text in zip(options.columns, texts, strict=True)]
        found = table.select(as_text("id", schema).alias("id"), urls.alias("urls"), *contents)
        found = found.filter(pl.col("urls").list.len() > 0)
        urls = pl.col("urls")
        if options.expand_urls:
            ends = follow(_short_urls(found), run)
            urls = urls.list.eval(pl.element().replace(list(ends), list(ends.values())))
        # A comma separates links in the result, so one inside a link is written as the web does it.
        urls = urls.list.unique(maintain_order=True).list.eval(pl.element().str.replace_all(",", "%2C", literal=True))
        return found.select(
            "id",
            urls.list.len().cast(pl.Int64).alias("number_unique_urls"),
            urls.list.join(",").alias("extracted_urls"),
            pl.exclude("id", "urls"),
        )

    @classmethod
    def summarise(cls, options: Any) -> str:
        """Where links are looked for, and whether they are followed."""
        extra = " · eager" * options.eager + " · shortened links followed" * options.expand_urls
        return f"in {', '.join(options.columns)}{extra}"


def _endings(text: str) -> list[str]:
    given = [part.strip().lower().strip(".") for part in text.split(",") if part.strip(" .")]
    for part in given:
        if not all(label.replace("-", "").isalnum() for label in part.split(".")):
            raise InvalidInput(
                {
                    "eager_domains": [
                        say("“{part}” is not the end of a host name. Write for example: com, bbc.co.uk.", part=part)
                    ]
                }
            )
    return given or endings()


def _short_urls(found: pl.LazyFrame) -> list[str]:
    import polars as pl

    urls = found.select("urls").explode("urls").filter(host_of(pl.col("urls")).is_in(SHORTENERS))
    return urls.unique().sort("urls").collect(engine="streaming")["urls"].to_list()


def follow(urls: list[str], run: Run, allow: tuple[str, ...] = ()) -> dict[str, str]:
    """Where each link leads. One that does not answer stands for itself, and the user is told how many did not."""
    ends, failed = {}, 0
    with PublicWeb(timeout=5, redirects=10, pause=0.1, allow=allow) as web:
        for number, url in enumerate(urls):
            run.progress(number, len(urls), say("Following shortened links"))
            try:
                ends[url] = web.final_url(url if "://" in url else f"http://{url}")
            except SourceError as error:
                failed += 1
                run.log(error.message)
    if failed:
        run.warn(
            say(
                "{failed:,} of {all:,} shortened links could not be followed; they are kept as they are.",
                failed=failed,
                all=len(urls),
            )
        )
    return ends
