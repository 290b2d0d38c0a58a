"""Many users at once, from a table."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from app.domain.errors import InvalidInput, UserError
from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.context import Context
from app.services.decoding import text_in
from app.services.user_admin import make_user

_MOST_LINES = 1_000
_MOST_PASSWORDS = 200
COLUMNS = ("name", "email", "tags", "password", "notes", "expires")
"""Those of a table of users to make."""
MOST_BYTES = 1_000_000
"""As long as such a table may be."""


@dataclass(frozen=True)
class Made:
    """What became of one line: the user's name, the path of a link to hand over if there is one, or what is wrong."""

    line: int
    """Its number in the table, that with the names of the columns being 1."""
    name: str
    path: str | None = None
    problem: str = ""


def make_users(ctx: Context, actor: User, table: str | bytes) -> list[Made]:
    """Make a user of each line of a CSV with the columns `name` and, if wanted, others of `COLUMNS`.

    Columns are separated by commas, semicolons or tabs, several tags by spaces or commas. A line that will not do holds
    up none of the others. Bytes, as of a file, are in UTF-8, UTF-16 or Windows-1252.

    :raises InvalidInput: naming `table`, when it is no such table or has too many lines
    """
    require_given(actor, Right.USERS)
    require_write(actor)
    found = []
    for line, row in _read(table):
        name = row.get("name", "")
        try:
            _, path = make_user(
                ctx,
                actor,
                name,
                email=row.get("email", ""),
                password=row.get("password") or None,
                tags=tuple(row.get("tags", "").replace(",", " ").split()),
                notes=row.get("notes", ""),
                expires=row.get("expires", ""),
            )
            found.append(Made(line, name, path))
        except UserError as error:
            found.append(Made(line, name, problem=error.message))
    return found


def _read(table: str | bytes) -> list[tuple[int, dict[str, str]]]:
    """The lines by number, each with its values by column; empty lines left out."""
    if len(table) > MOST_BYTES:
        raise InvalidInput({"table": [say("Give a table of at most {most:,} bytes.", most=MOST_BYTES)]})
    text = text_in(table) if isinstance(table, bytes) else table
    if text is None:
        what = say("This is no text. In a spreadsheet, save the table as CSV, and choose that file.")
        raise InvalidInput({"table": [what]})
    text = text.lstrip("\ufeff\n ")
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, restkey="", restval="")
    try:
        rows = [
            (reader.line_num, {str(name or "").strip().lower(): str(value).strip() for name, value in row.items()})
            for row in reader
        ]
    except csv.Error as error:
        what = say("Line {line} cannot be read: {reason}.", line=reader.line_num + 1, reason=str(error))
        raise InvalidInput({"table": [what]}) from error
    if not rows or "name" not in rows[0][1]:
        raise InvalidInput({"table": [say("Begin with a line that names the columns, such as: name,email,tags")]})
    rows = [(line, row) for line, row in rows if any(row.values())]
    if len(rows) > _MOST_LINES:
        raise InvalidInput({"table": [say("Give at most {most:,} lines at once.", most=_MOST_LINES)]})
    if sum(1 for _, row in rows if row.get("password")) > _MOST_PASSWORDS:
        what = say(
            "Give at most {most} lines with a password at once; it takes a while to store one safely.",
            most=_MOST_PASSWORDS,
        )
        raise InvalidInput({"table": [what]})
    return rows
