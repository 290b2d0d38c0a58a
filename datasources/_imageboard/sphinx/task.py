"""What the standing tasks that index posts for Sphinx have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from app.domain.job import Job
from app.plugins import Needs, Standing, Worker, WorkerContext
from datasources._imageboard.sphinx.configuration import sphinx_sources
from datasources._imageboard.sphinx.indexing import Indexer


class IndexTask(Worker):
    """Makes one part of the indexes of each imageboard that is searched with Sphinx."""

    needs = Needs(programs=("indexer",))
    part: ClassVar[str]
    every: ClassVar[int]
    """Seconds from one run to the next."""

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
