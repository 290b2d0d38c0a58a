"""Make the search indexes of imageboards that an import of a dump has left missing."""

from __future__ import annotations

from app.domain.job import Job
from app.plugins import Worker, WorkerContext
from datasources._imageboard.store.indexes import make_search_indexes, missing_indexes

_IS_IMPORTING = (
    "SELECT EXISTS (SELECT FROM imageboard_imports WHERE changed > now() - interval '10 minutes') AS importing"
)


class MakeBoardIndexes(Worker):
    """Makes the search indexes that are missing, once no dump has been imported for ten minutes.

    An import leaves them missing when it was asked to, or killed. Searches are right meanwhile, and slow.
    """

    type = "make-board-indexes"
    interval = 600
    minutes = 2880  # of a large archive it takes hours

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Make them one after the other; those that are made stay, whatever becomes of the others."""
        if missing_indexes(ctx.database_url) and not ctx.database.one(_IS_IMPORTING)["importing"]:
            make_search_indexes(ctx.database_url, ctx.log)
