"""Let `indexer` make an index, and hand it to the server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from app.domain.texts import say
from app.plugins import Database, SourceError
from datasources._imageboard.sphinx.builds import (
    Bounds,
    begin_build,
    end_build,
    find_builds,
    forget_builds,
    last_built,
    settled_bounds,
)
from datasources._imageboard.sphinx.configuration import SphinxSource, hide_password, write_configuration
from datasources._imageboard.sphinx.marks import DELTA, MAIN, index_name
from datasources._imageboard.sphinx.server import SphinxServer

_SETTLE_SECONDS = 60.0
_SAID = 600
_ELSEWHERE_SECONDS = 15.0


class Indexer:
    """Makes the indexes of an installation in one folder of this machine, which `searchd` reads too."""

    def __init__(self, database: Database, database_url: str, folder: Path, say: Callable[[str], None]) -> None:
        self._database = database
        self._url = database_url
        self._folder = folder
        self._say = say

    def index(self, source: SphinxSource, part: str, sources: Sequence[SphinxSource]) -> bool:
        """Write the configuration for all `sources`, and make one index of one of them; False when it has to wait.

        :raises SourceError: when `indexer` is not there, or fails, with what it says
        """
        program = shutil.which("indexer")
        if program is None:
            raise SourceError(
                say(
                    "The program indexer is not installed on this machine (Debian: sphinxsearch). Install it where"
                    " searchd runs, and let other machines do other work: WORKER_QUEUES."
                ),
                retry_after=_ELSEWHERE_SECONDS,
            )
        path = write_configuration(sources, self._url, self._folder)
        after = 0 if part == MAIN else self._end_of_main(source)
        if after is None:
            self._say(f"{source.id}: there is no main index yet, which index-board-posts makes")
            return False
        bounds = settled_bounds(self._database, _SETTLE_SECONDS)
        if bounds is None:
            self._say(
                f"{source.id}: somebody has been writing posts for longer than a minute; the next run indexes them"
            )
            return False
        self._make(source, part, after, bounds, [program, "--config", str(path), "--rotate"])
        return True

    def _make(self, source: SphinxSource, part: str, after: int, bounds: Bounds, command: list[str]) -> None:
        build = begin_build(self._database, source.id, part, after, bounds)
        done = subprocess.run(
            [*command, index_name(source.id, part)], capture_output=True, text=True, errors="replace", check=False
        )
        said = hide_password(f"{done.stdout}\n{done.stderr}", self._url)
        wrong = [line for line in said.splitlines() if line.startswith(("ERROR", "FATAL"))]
        if wrong or done.returncode not in (0, 2):  # 2: made, and searchd is not there to take it
            raise SourceError(
                say("indexer failed for {id}: {value}", id=source.id, value=" ".join(wrong) or said.strip()[-_SAID:])
            )
        end_build(self._database, build)

    def _end_of_main(self, source: SphinxSource) -> int | None:
        """Up to which post the main index reaches that is served, or that will be when `searchd` starts."""
        try:
            served = SphinxServer(source.id, source.address).served()
        except SourceError:
            build = last_built(self._database, source.id)
        else:
            build = find_builds(self._database, source.id, served).get(MAIN)
            forget_builds(self._database, source.id, served)
        return None if build is None else build.upto


__all__ = ["DELTA", "MAIN", "Indexer"]
