"""The control panel: whether everything works, for administrators, and what can be done about what failed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.installation import installation
from app.services import failure, status
from app.services.access import require_admin
from app.services.access_request import count_waiting
from app.services.machine import restart_workers
from app.services.measure import free_bytes, use_over_time
from app.web.page import current_actor, go_to, is_local, render

pages = Blueprint("control", __name__)


@pages.get("/control")
def show() -> Response:
    """Health first: servers, machines, queues, what runs, what failed and what was mended."""
    require_admin(current_actor())
    values = _values()
    use = use_over_time(installation(), current_actor()) if values["found"]["database"]["ok"] else None
    return render("control/show.html", piece="control/_both.html", use=use, **values)


def _values() -> dict[str, Any]:
    found = status.snapshot(installation())
    busy = [
        queue for queue in found["queues"] if any(queue[state] for state in ("waiting", "rung", "running", "failed"))
    ]
    return {
        "found": found,
        "busy": busy,
        "idle": len(found["queues"]) - len(busy),
        "oldest": max((queue["oldest"] or 0 for queue in busy), default=0),
        "waiting": sum(queue["waiting"] + queue["rung"] for queue in busy),
        "running": sum(queue["running"] for queue in busy),
        "failed": sum(queue["failed"] for queue in busy),
        "silent": max((host["heartbeat_age"] or 0 for host in found["hosts"]), default=0),
        "slots": sum(manager["slots"] for manager in found["managers"] or ()),
        "repaired": sum(found["repair_counts"].values()),
        "free": free_bytes(installation()),
        "requests": _requests() if found["database"]["ok"] else 0,
    }


def _requests() -> int:
    return count_waiting(installation())


@pages.post("/control/jobs/<int:job_id>/retry")
def retry(job_id: int) -> Response:
    """Run a failed job again."""
    failure.retry_job(installation(), current_actor(), job_id)
    return _changed()


@pages.post("/control/jobs/<int:job_id>/dismiss")
def dismiss(job_id: int) -> Response:
    """Forget a failure."""
    failure.dismiss_job(installation(), current_actor(), job_id)
    return _changed()


@pages.post("/control/restart")
def restart() -> Response:
    """Let the workers of all machines start anew."""
    restart_workers(installation(), current_actor())
    return go_to(url_for("control.show", restarting=1))


def _changed() -> Response:
    """The panel after a change: only its changing part where HTMX asks, or the page that it was asked on."""
    wanted = request.form.get("next")
    if wanted and is_local(wanted):
        return go_to(wanted)
    return render("control/_both.html", **_values()) if request.htmx else go_to(url_for("control.show"))
