"""The machines that work: let their workers start anew."""

from __future__ import annotations

import logging

from app.domain.right import Right
from app.domain.setting import RESTART
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.context import Context
from app.storage import setting
from app.storage.database import clock

log = logging.getLogger(__name__)


def restart_workers(ctx: Context, actor: User) -> None:
    """Let the managers of all machines end, with the time of grace for what runs, and be started again.

    A manager that started before this moment, by the clock of the database, ends within seconds. Whatever runs the
    Procfile starts it again, and work that did not end in time is handed back to the queue.
    """
    require_given(actor, Right.RESTART)
    require_write(actor)
    log.info("%s restarts the workers", actor.name)
    setting.put(ctx.database, RESTART, clock(ctx.database))
