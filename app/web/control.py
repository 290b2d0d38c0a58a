"""The control panel: whether everything works, for administrators."""

from __future__ import annotations

from flask import Blueprint, Response

from app.services import status
from app.services.access import require_admin
from app.web.page import current_actor, installation, render

pages = Blueprint("control", __name__)


@pages.get("/control")
def show() -> Response:
    """Health first: servers, workers, queues, what runs and what failed."""
    require_admin(current_actor())
    found = status.snapshot(installation())
    busy = [
        queue for queue in found["queues"] if any(queue[state] for state in ("waiting", "rung", "running", "failed"))
    ]
    oldest = max((queue["oldest"] or 0 for queue in busy), default=0)
    return render(
        "control/show.html",
        piece="control/_health.html",
        found=found,
        busy=busy,
        idle=len(found["queues"]) - len(busy),
        oldest=oldest,
        waiting=sum(queue["waiting"] + queue["rung"] for queue in busy),
        failed=sum(queue["failed"] for queue in busy),
    )
