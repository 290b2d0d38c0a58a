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
from app.services.user_admin import make_user

_MOST_LINES = 200
COLUMNS = ("name", "email", "tags", "password", "notes", "expires")
"""Those of a table of users to make."""


@dataclass(frozen=True)
class Made:
    """What became of one line: the user's name, the path of a link to hand over if there is one, or what is wrong."""

    name: str
    path: str | None = None
    problem: str = ""


def make_users(ctx: Context, actor: User, table: str) -> list[Made]:
    """Make a user of each line of a CSV with the columns `name` and, if wanted, others of `COLUMNS`.

    Several tags are separated by spaces. A line that will not do holds up none of the others.

    :raises InvalidInput: naming `table`, when it has no column `name` or too many lines
    """
    require_given(actor, Right.USERS)
    require_write(actor)
    first = table.lstrip("\ufeff\n ").split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    rows = list(csv.DictReader(io.StringIO(table.lstrip("\ufeff\n ")), delimiter=separator))
    if not rows or "name" not in {(name or "").strip().lower() for name in rows[0]}:
        raise InvalidInput({"table": [say("Begin with a line that names the columns, such as: name,email,tags")]})
    if len(rows) > _MOST_LINES:
        raise InvalidInput({"table": [say("Give at most {most} lines at once.", most=_MOST_LINES)]})
    found = []
    for row in rows:
        given = {(name or "").strip().lower(): str(value or "").strip() for name, value in row.items()}
        name = given.get("name", "")
        try:
            _, path = make_user(
                ctx,
                actor,
                name,
                email=given.get("email", ""),
                password=given.get("password") or None,
                tags=tuple(given.get("tags", "").replace(",", " ").split()),
                notes=given.get("notes", ""),
                expires=given.get("expires", ""),
            )
            found.append(Made(name, path))
        except UserError as error:
            found.append(Made(name, problem=error.message))
    return found
