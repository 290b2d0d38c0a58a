"""The configuration of Sphinx: what all imageboards share, and the `sphinx.conf` of each source."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.domain.texts import say
from app.plugins import SourceError
from datasources._imageboard.query.sphinx import INDEXED
from datasources._imageboard.settings import BoardSettings
from datasources._imageboard.source import ImageboardSource
from datasources._imageboard.sphinx.marks import FIRST_MARK, MOST_SECONDS, PARTS, index_name

NAME = "sphinx.conf"
_SHARED = Path(__file__).resolve().parents[1] / NAME
_GAP = re.compile(r"\{([a-z]+)\}")
_READABLE = re.compile(r"[^\s#\\]*")
_SECTION = re.compile(r"^source\s+(\w+)\s*:\s*imageboard\s*\{\s*$(.*?)^\}", re.MULTILINE | re.DOTALL)
_COLUMNS = (
    "number, body_words, subject_words,"
    f" least(greatest(floor(extract(epoch FROM created)), 0), {MOST_SECONDS})::bigint AS created,"
    " ('x' || substr(md5(board), 1, 8))::bit(32)::bigint AS board"
)
_PORTION = (
    f"number BETWEEN $start AND $end UNION ALL SELECT {FIRST_MARK} + build, '', '', 0, 0 FROM wanted"  # noqa: S608
    " WHERE last = $end AND build IS NOT NULL"
)
_WANTED = (
    "CREATE TEMPORARY TABLE wanted AS SELECT build, greatest(least(after + 1, upto), 1) AS first,"
    " greatest(upto, 1) AS last FROM (SELECT) AS one LEFT JOIN (SELECT build, after, upto FROM imageboard_indexes"
    " WHERE source = '{source}' AND part = '{part}' ORDER BY began DESC LIMIT 1) AS newest ON true"
)


@dataclass(frozen=True)
class SphinxSource:
    """A data source that is searched with Sphinx: its id, where its server is asked, and its folder."""

    id: str
    address: str
    folder: Path


def sphinx_sources(settings: Mapping[str, object]) -> list[SphinxSource]:
    """The sources of imageboards for which an administrator has chosen Sphinx."""
    return _sources(settings, lambda own: own.search_engine == "sphinx")


def all_sources(settings: Mapping[str, object]) -> list[SphinxSource]:
    """All sources of imageboards that are loaded."""
    return _sources(settings, lambda own: True)


def _sources(settings: Mapping[str, object], chosen: Callable[[BoardSettings], bool]) -> list[SphinxSource]:
    read = {source: source.site.read_settings(settings) for source in _boards(ImageboardSource)}
    found = [
        SphinxSource(source.id, own.sphinx_address, source.folder()) for source, own in read.items() if chosen(own)
    ]
    return sorted(found, key=lambda source: source.id)


def _boards(base: type[ImageboardSource]) -> list[type[ImageboardSource]]:
    """The sources that are loaded, those of other packages included."""
    found = []
    for source in base.__subclasses__():
        found += ([source] if "id" in vars(source) else []) + _boards(source)
    return found


def write_configuration(sources: Sequence[SphinxSource], database_url: str, folder: Path) -> Path:
    """Write `sphinx.conf` into the folder, where the indexes are kept too; it is readable for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / NAME
    text = configuration(sources, database_url, folder)
    if not path.exists() or path.read_text() != text:
        new = folder / f"{NAME}.{os.getpid()}"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        new.replace(path)
    return path


def configuration(sources: Sequence[SphinxSource], database_url: str, folder: Path) -> str:
    """The configuration of Sphinx for these sources.

    :raises SourceError: naming the file that cannot be used
    """
    addresses = dict.fromkeys(source.address for source in sources)
    shared = {
        **_database(database_url),
        "letters": INDEXED,
        "listen": "\n    ".join(f"listen = {address}:mysql41" for address in addresses),
        "folder": str(folder),
    }
    parts = [_filled(_SHARED, _SHARED.read_text(), shared)]
    for source in sources:
        body = _body(source)
        parts += [_indexed(source, part, body, folder) for part in PARTS]
    return "\n".join(parts)


def _database(url: str) -> dict[str, str]:
    """Where the database is, as Sphinx has it. What it could not read as a value of its own goes into an address."""
    from psycopg2.extensions import make_dsn, parse_dsn

    given = parse_dsn(url)
    found = {name: given.pop(name, "") for name in ("host", "port", "user", "password")}
    found["port"] = found["port"] or "5432"
    given.setdefault("dbname", found["user"])
    found["database"] = make_dsn(**given)
    if _READABLE.fullmatch(found["password"]) and not set("#\\") & set(found["database"]):
        return found
    return {**found, "password": "", "database": url.replace("\\", "%5C").replace("#", "%23")}


def hide_password(text: str, url: str) -> str:
    """A text of Sphinx's without the password of the database, which it may repeat."""
    from psycopg2.extensions import parse_dsn

    password = parse_dsn(url).get("password")
    written = {password, urlsplit(url).password} - {None, ""}
    for form in written:
        text = text.replace(str(form), "***")
    return text


def _body(source: SphinxSource) -> str:
    """What the `sphinx.conf` of a source says of it, filled in."""
    path = source.folder / NAME
    if not path.is_file():
        raise SourceError(
            say("{path} is missing. It says which posts of {id} Sphinx indexes.", path=path, id=source.id),
            permanent=True,
        )
    found = _SECTION.search(path.read_text())
    if found is None or found[1] != source.id.replace("-", "_"):
        expected = f"source {source.id.replace('-', '_')} : imageboard {{ ... }}"
        raise SourceError(
            say("{path} has no section {expected}, with each brace on a line.", path=path, expected=expected),
            permanent=True,
        )
    return _filled(path, found[2].strip("\n"), {"columns": _COLUMNS, "portion": _PORTION})


def _indexed(source: SphinxSource, part: str, body: str, folder: Path) -> str:
    """The two sections for one index of a source. The bounds are read once, so that they hold for all portions."""
    name = index_name(source.id, part)
    return "\n".join(
        [
            f"source {name} : imageboard",
            "{",
            "    sql_query_pre = SET statement_timeout = 0",
            f"    sql_query_pre = {_WANTED.format(source=source.id, part=part)}",
            "    sql_query_range = SELECT first, last FROM wanted",
            body,
            "}",
            "",
            f"index {name} : imageboard",
            "{",
            "    type = plain",
            f"    source = {name}",
            f"    path = {folder}/{name}",
            "}",
            "",
        ]
    )


def _filled(path: Path, text: str, values: Mapping[str, str]) -> str:
    unknown = sorted({name for name in _GAP.findall(text) if name not in values})
    if unknown:
        raise SourceError(
            say("{path} asks for {{{unknown}}}, which is not known here.", path=path, unknown=unknown[0]),
            permanent=True,
        )
    return _GAP.sub(lambda found: values[found[1]], text)
