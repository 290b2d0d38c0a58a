"""What the indexes hold: up to which post, and texts as they were when."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from app.plugins import Database
from datasources._imageboard.sphinx.marks import DELTA, MAIN

_LOOK = 0.1
_LAST = "(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {})"


@dataclass(frozen=True)
class Bounds:
    """All posts up to this number, and all changes of texts up to this one, are stored and can be read."""

    posts: int
    versions: int


@dataclass(frozen=True)
class Build:
    """An index as it was built once: the posts behind `after` and up to `upto`, texts as of `versions`."""

    number: int
    after: int
    upto: int
    versions: int


def settled_bounds(database: Database, seconds: float) -> Bounds | None:
    """How far everything can be read; None when some transaction that writes does not end within so many seconds.

    Numbers are given before they are committed. Whoever may hold some has locked the tables before taking them; so once
    all those have ended that write now, no number up to the last one is still to come.
    """
    row = database.one(
        f"SELECT {_LAST.format('imageboard_post_numbers')} AS posts,"
        f" {_LAST.format('imageboard_version_numbers')} AS versions"
    )
    waiting = _writers(database)
    until = time.monotonic() + seconds
    while waiting:
        if time.monotonic() > until:
            return None
        time.sleep(_LOOK)
        waiting &= _writers(database)
    return Bounds(row["posts"], row["versions"])


def _writers(database: Database) -> set[str]:
    """The transactions that may have written posts or changes of texts and have not ended."""
    rows = database.many(
        "SELECT DISTINCT virtualtransaction AS writer FROM pg_locks WHERE locktype = 'relation' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
        " AND relation IN (SELECT relid FROM pg_partition_tree('imageboard_posts')"
        " UNION ALL SELECT 'imageboard_versions'::regclass)"
    )
    return {row["writer"] for row in rows}


def begin_build(database: Database, source: str, part: str, after: int, bounds: Bounds) -> Build:
    """Note what an index is going to hold; `indexer` reads it there."""
    build = Build(secrets.randbits(60), after, bounds.posts, bounds.versions)
    database.run(
        "INSERT INTO imageboard_indexes (build, source, part, after, upto, versions)"
        " VALUES (%(build)s, %(source)s, %(part)s, %(after)s, %(upto)s, %(versions)s)",
        build=build.number,
        source=source,
        part=part,
        after=build.after,
        upto=build.upto,
        versions=build.versions,
    )
    return build


def end_build(database: Database, build: Build) -> None:
    """Note that an index has been built."""
    database.run("UPDATE imageboard_indexes SET built = now() WHERE build = %(build)s", build=build.number)


def find_builds(database: Database, source: str, served: Mapping[str, int]) -> dict[str, Build]:
    """The builds of a source's indexes by part, given the numbers in their marks, without those that are unknown."""
    rows = database.many(
        "SELECT build AS number, part, after, upto, versions FROM imageboard_indexes"
        " WHERE source = %(source)s AND build = ANY(%(builds)s)",
        source=source,
        builds=list(served.values()),
    )
    found = {row.pop("part"): Build(**row) for row in rows}
    return {part: build for part, build in found.items() if served[part] == build.number}


def last_built(database: Database, source: str) -> Build | None:
    """The main index that was built last."""
    row = database.find(
        "SELECT build AS number, after, upto, versions FROM imageboard_indexes WHERE source = %(source)s"
        " AND part = %(part)s AND built IS NOT NULL ORDER BY began DESC LIMIT 1",
        source=source,
        part=MAIN,
    )
    return Build(**row) if row else None


def forget_builds(database: Database, source: str, served: Mapping[str, int]) -> None:
    """Forget builds of more than a week ago that are no longer served."""
    database.run(
        "DELETE FROM imageboard_indexes WHERE source = %(source)s AND began < now() - interval '7 days'"
        " AND NOT build = ANY(%(served)s)",
        source=source,
        served=list(served.values()),
    )


def covered(builds: Mapping[str, Build]) -> Bounds:
    """Up to which post the indexes hold everything, and texts as they were when."""
    main, delta = builds[MAIN], builds.get(DELTA)
    if delta is None or delta.after > main.upto:  # it begins behind a gap
        return Bounds(main.upto, main.versions)
    return Bounds(max(main.upto, delta.upto), min(main.versions, delta.versions))
