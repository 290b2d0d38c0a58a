"""The data source of every imageboard: a search in what its scrapers have kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import CaptureRun, Database, DataSource, EmptyResult, InvalidInput
from app.plugins.options import OptionsClass
from app.plugins.overview import Activity, Overview
from datasources._imageboard.explorer import explain
from datasources._imageboard.overview import activity_of, overview_of, posts_by_board
from datasources._imageboard.search import (
    COLUMNS,
    Asked,
    Limits,
    PostgreSQLEngine,
    Search,
    SearchEngine,
    SearchOptions,
    SphinxEngine,
    kept_boards,
    read_asked,
    to_batch,
)
from datasources._imageboard.search.options import DENSE, FULL, IDS, QUERY_GUIDE, SAMPLE
from datasources._imageboard.settings import BoardSettings
from datasources._imageboard.site import Site

if TYPE_CHECKING:
    import pyarrow as pa


class ImageboardSource(DataSource):
    """Posts of an imageboard, from what has been scraped here.

    A site with flags has an option `country_name` with their codes; `flag_groups` are choices that stand for several,
    `flag_boards` the boards that show flags.
    """

    site: ClassVar[Site]
    kind = "search"
    Settings = BoardSettings
    Options: ClassVar[OptionsClass] = SearchOptions
    columns: ClassVar[Mapping[str, type]] = COLUMNS
    personal_columns = ("author*",)
    flag_groups: ClassVar[Mapping[str, Sequence[str]]] = {}
    flag_boards: ClassVar[Sequence[str]] = ()
    limits: ClassVar[Limits] = Limits()
    query_guide: ClassVar[Sequence[tuple[Sequence[str], str]]] = QUERY_GUIDE

    def search(self, options: Any, run: CaptureRun) -> Iterator[pa.RecordBatch]:
        """Yield the posts that were asked for."""
        asked = self._read(options, run.database)
        about = self.estimate(options, run.database)
        done = 0
        for posts in Search(asked, self.engine(run.settings), run, self.limits).posts(options):
            if posts["id"]:
                yield to_batch(posts)
                done += len(posts["id"])
                run.progress(min(done / about, 0.99) if about else 0.0, text=say("{amount:,} posts found", amount=done))
        if not done:
            raise EmptyResult(self.nothing_found(run.settings))

    @classmethod
    def engine(cls, settings: Mapping[str, Any]) -> SearchEngine:
        """What finds the posts."""
        own = cls.site.read_settings(settings)
        return SphinxEngine(cls.id, own.sphinx_address) if own.search_engine == "sphinx" else PostgreSQLEngine()

    @classmethod
    def check(cls, options: Any, settings: Mapping[str, Any], database: Database) -> None:
        """Refuse queries that cannot be understood, boards that are not kept, and asking for everything."""
        asked = read_asked(cls.id, options, cls.flag_groups)
        own = cls.site.read_settings(settings)
        problems = {}
        if not (asked.has_words or options.search_scope in (IDS, SAMPLE) or own.can_query_without_keyword):
            problems["body_match"] = ["Say what posts contain, here or in their subject; or get a random sample."]
        kept = kept_boards(database, cls.id)
        unknown = [board for board in asked.boards if board not in kept and board not in own.intervals()]
        if unknown and kept:
            problems["board"] = [f"No posts of {', '.join(unknown)} are kept here. Kept are: {', '.join(kept)}."]
        if asked.countries and asked.boards and not set(asked.boards) & set(cls.flag_boards):
            problems["country_name"] = [f"Only these boards show flags: {', '.join(cls.flag_boards)}."]
        if problems:
            raise InvalidInput(problems)

    @classmethod
    def estimate(cls, options: Any, database: Database) -> int | None:
        """About how many posts match; unknown for whole threads."""
        if options.search_scope in (FULL, DENSE):
            return None
        found = PostgreSQLEngine().estimate(cls._read(options, database), database)
        return min(found, options.sample_size if options.search_scope == SAMPLE else cls.limits.posts)

    @classmethod
    def kept_values(cls, database: Database) -> Mapping[str, Mapping[str, int]]:
        """The boards, the largest first; those whose posts nobody has counted yet come last."""
        counted = posts_by_board(cls.id, database)
        uncounted = [board for board in kept_boards(database, cls.id) if board not in counted]
        return {"board": {**counted, **dict.fromkeys(uncounted, 0)}}

    @classmethod
    def explain(cls, items: Sequence[Mapping[str, Any]], database: Database) -> list[dict[str, Any]]:
        """The lines of each post, and what became of its image."""
        return explain(cls.id, items, database)

    @classmethod
    def overview(cls, settings: Mapping[str, Any], database: Database) -> Overview:
        """Boards, and times in which they were not read."""
        return overview_of(cls.id, cls.site.read_settings(settings), database)

    @classmethod
    def activity(cls, database: Database) -> Activity:
        """Posts by day, month or year, and board."""
        return activity_of(cls.id, database)

    @classmethod
    def _read(cls, options: Any, database: Database) -> Asked:
        """What is asked for, with its boards where these are needed: times and numbers are looked up by board."""
        asked = read_asked(cls.id, options, cls.flag_groups)
        needs_none = asked.boards or (asked.has_words and asked.ids is None)
        return asked if needs_none else asked.on(kept_boards(database, cls.id))

    @classmethod
    def nothing_found(cls, site: Mapping[str, Any]) -> str:
        """Why there is nothing: no board may be set."""
        own = cls.site.read_settings(site)
        if own.autoscrape and own.intervals():
            return f"No post of {cls.title} that is kept here fits."
        return (
            f"No post of {cls.title} that is kept here fits, and no board of it is scraped. An administrator sets"
            f" {cls.id}.boards and switches on {cls.id}.autoscrape."
        )
