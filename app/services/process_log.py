"""What the processes of all machines say, for administrators."""

from __future__ import annotations

from app.domain.right import Right
from app.domain.user import User
from app.queue.process_log import Said, latest_said
from app.services.access import require_given
from app.services.context import Context


def list_said(ctx: Context, actor: User, words: str = "") -> list[Said] | None:
    """The latest 200 of what web, workers and scheduler have said in which the words stand; None without Redis."""
    require_given(actor, Right.STATUS)
    return latest_said(ctx.bell, words.strip())
