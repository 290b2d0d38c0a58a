"""Index the newest posts of imageboards for Sphinx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.job import Job
from app.plugins import Needs, Standing, Worker, WorkerContext
from datasources._imageboard.sphinx.configuration import sphinx_sources
from datasources._imageboard.sphinx.indexing import DELTA, Indexer


class IndexNewBoardPosts(Worker):
    """Makes the delta index of each imageboard that is searched with Sphinx: what its main index does not hold."""

    type = "index-new-board-posts"
    needs = Needs(programs=("indexer",))
    part = DELTA
    every = 300

    @classmethod
    def standing(cls, settings: Mapping[str, Any]) -> Sequence[Standing]:
        """One job for each source for which Sphinx is chosen."""
        return [Standing(source.id, cls.every) for source in sphinx_sources(settings)]

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Let `indexer` make the index; nothing when Sphinx is not chosen for the source."""
        sources = sphinx_sources(ctx.settings)
        indexer = Indexer(ctx.database, ctx.database_url, ctx.kept_folder("sphinx"), ctx.log)
        for source in sources:
            if source.id == job.remote_id:
                indexer.index(source, self.part, sources)
