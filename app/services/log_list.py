"""What the jobs of all datasets have written down lately."""

from __future__ import annotations

from app.domain.right import Right
from app.domain.user import User
from app.services.access import require_given
from app.services.context import Context
from app.storage import log_list
from app.storage.database import Row


def list_lines(ctx: Context, actor: User, words: str = "") -> list[Row]:
    """The latest lines of the logs of datasets: `at`, `line`, `dataset`, its `label` and `owner`, the latest first."""
    require_given(actor, Right.STATUS)
    return log_list.latest(ctx.database, words.strip())
