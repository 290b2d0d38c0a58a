"""Errors on our side: a number to show, under which the log and the control panel have the rest."""

from __future__ import annotations

import logging
import secrets
import traceback

from app.domain.errors import FourcatError
from app.domain.right import Right
from app.domain.user import User
from app.services.access import require_given
from app.services.context import Context
from app.storage import error_report
from app.storage.database import Row

log = logging.getLogger(__name__)

_LONGEST = 20_000


def report_error(ctx: Context, error: BaseException, place: str, owner: User | None) -> str:
    """Write an error to the log and, if the database answers, to where administrators see it; its number."""
    number = secrets.token_hex(4)
    log.error("error %s at %s", number, place, exc_info=error)
    text = "".join(traceback.format_exception(error))
    try:
        name = owner.name if owner else ""
        error_report.insert(ctx.database, number, place[:500], name, text[-_LONGEST:].replace("\0", ""))
    except FourcatError:
        log.warning("error %s could not be kept for the control panel", number)
    return number


def list_errors(ctx: Context, actor: User, words: str = "") -> list[Row]:
    """The latest errors in which the words stand: `id`, `at`, `place`, `owner`, and the traceback as `text`."""
    require_given(actor, Right.STATUS)
    return error_report.latest(ctx.database, words.strip())
