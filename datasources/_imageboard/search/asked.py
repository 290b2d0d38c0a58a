"""What was asked for, understood: queries as trees, boards and numbers as lists; and as a condition in SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.plugins import Database, InvalidInput, Period
from datasources._imageboard.query import Condition, Expand, InvalidQuery, Node, parse, to_sql
from datasources._imageboard.search.options import IDS, MOST_IDS

_BETWEEN = re.compile(r"[\s,;]+")
_LARGEST = 2**63 - 1
_ALWAYS = Period()


@dataclass(frozen=True)
class Asked:
    """Which posts of one source; what is empty or None does not count."""

    source: str
    body: Node | None = None
    subject: Node | None = None
    boards: Sequence[str] = ()
    period: Period = _ALWAYS
    countries: Sequence[str] = ()
    ids: Sequence[int] | None = None
    with_deleted: bool = False

    @property
    def has_words(self) -> bool:
        """Whether something must be said in the posts."""
        return self.body is not None or self.subject is not None

    def on(self, boards: Sequence[str]) -> Asked:
        """The same on these boards."""
        return replace(self, boards=tuple(boards))

    def condition(self, expand: Expand | None = None) -> Condition:
        """What holds of the posts in `imageboard_posts` that match: the words and everything else.

        `expand` gives the words that fit one with a star; without it the condition looks them up itself.
        """
        rest = self.rest()
        parts, values = [rest.sql], rest.values
        for node, column in ((self.body, "body_words"), (self.subject, "subject_words")):
            if node is not None:
                words = to_sql(node, column, column, expand)
                parts += [f"{column} <> ''", words.sql] if column == "subject_words" else [words.sql]
                values |= words.values
        return Condition(" AND ".join(parts), values)

    def rest(self) -> Condition:
        """The same without the words."""
        parts = ["source = %(source)s"]
        values: dict[str, Any] = {"source": self.source}
        given: dict[str, tuple[str, Any]] = {
            "boards": ("board = ANY(%(boards)s)", list(self.boards)),
            "countries": ("country_code = ANY(%(countries)s)", list(self.countries)),
            "after": ("created >= %(after)s", self.period.after),
            "before": ("created < %(before)s", self.period.before),
        }
        if len(self.boards) == 1:  # an index gives these in the order of time
            given["boards"] = ("board = %(boards)s", self.boards[0])
        for name, (sql, value) in given.items():
            if value:
                parts.append(sql)
                values[name] = value
        if self.ids is not None:
            parts.append("id = ANY(%(ids)s::bigint[])")
            values["ids"] = list(self.ids)
        if not self.with_deleted:
            parts.append("deleted IS NULL")
        return Condition(" AND ".join(parts), values)


def read_asked(source: str, options: Any, groups: Mapping[str, Sequence[str]]) -> Asked:
    """Understand what was chosen. `groups` are flags that stand for several, with their codes.

    :raises InvalidInput: naming every option that cannot be understood, with the place
    """
    problems: dict[str, list[str]] = {}
    nodes: dict[str, Node | None] = {}
    for name in ("body_match", "subject_match"):
        try:
            nodes[name] = parse(getattr(options, name))
        except InvalidQuery as error:
            problems[name] = [error.pointed(getattr(options, name))]
    ids = None
    if options.search_scope == IDS:
        try:
            ids = _read_ids(options.valid_ids)
        except ValueError as error:
            problems["valid_ids"] = [str(error)]
    if problems:
        raise InvalidInput(problems)
    chosen = getattr(options, "country_name", ())
    codes = [code for name in chosen for code in groups.get(name, (name,))]
    return Asked(
        source,
        nodes["body_match"],
        nodes["subject_match"],
        _read_boards(options.board),
        options.daterange,
        tuple(dict.fromkeys(codes)),
        ids,
        options.get_deleted,
    )


def _read_boards(text: str) -> tuple[str, ...]:
    names = [part.strip("/") for part in _BETWEEN.split(text)]
    found = tuple(dict.fromkeys(name for name in names if name))
    return () if set(found) & {"all", "*"} else found


def _read_ids(text: str) -> tuple[int, ...]:
    parts = [part.lstrip(">#") for part in _BETWEEN.split(text.strip()) if part]
    if not parts:
        raise ValueError("Give the numbers of the posts.")
    wrong = next((part for part in parts if not (part.isascii() and part.isdigit() and int(part) <= _LARGEST)), None)
    if wrong is not None:
        raise ValueError(f"“{wrong[:40]}” is not the number of a post.")
    if len(parts) > MOST_IDS:
        raise ValueError(f"These are {len(parts):,} numbers; {MOST_IDS:,} is the most. Ask in several parts.")
    return tuple(sorted({int(part) for part in parts}))


def kept_boards(database: Database, source: str) -> list[str]:
    """The boards of a source of which posts are kept; quick, however many posts there are."""
    rows = database.many(
        "WITH RECURSIVE found AS (SELECT min(board) AS board FROM imageboard_posts WHERE source = %(source)s"
        " UNION ALL SELECT (SELECT min(p.board) FROM imageboard_posts p"
        " WHERE p.source = %(source)s AND p.board > found.board) FROM found WHERE found.board IS NOT NULL)"
        " SELECT board FROM found WHERE board IS NOT NULL",
        source=source,
    )
    return [row["board"] for row in rows]
