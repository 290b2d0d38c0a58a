"""The control panel: whether everything works, for administrators, and what can be done about what failed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.right import Right
from app.installation import installation
from app.services import failure, status
from app.services.access import require_given
from app.services.access_request import count_waiting
from app.services.machine import restart_workers
from app.services.measure import free_bytes, use_over_time
from app.web.control_tabs import tabs_of
from app.web.page import current_actor, go_to, is_local, render

pages = Blueprint("control", __name__)


@pages.get("/control")
def show() -> Response:
    """Health first: servers, machines, queues, what runs, what failed and what was mended."""
    actor = current_actor()
    if not actor.has(Right.STATUS) and (tabs := tabs_of(actor)):
        return go_to(tabs[0][0])
    require_given(actor, Right.STATUS)
    values = _values()
    use = use_over_time(installation(), actor) if values["found"]["database"]["ok"] else None
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
    """How many ask for an account, to who decides on that."""
    return count_waiting(installation()) if current_actor().has(Right.USERS) else 0


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


@pages.get("/control/restart")
def ask_restart() -> Response:
    """Ask before the workers start anew."""
    require_given(current_actor(), Right.RESTART)
    return render("control/restart.html")


@pages.post("/control/restart")
def restart() -> Response:
    """Let the workers of all machines start anew."""
    restart_workers(installation(), current_actor())
    following = "control.show" if current_actor().has(Right.STATUS) else "control.ask_restart"
    return go_to(url_for(following, restarting=1))


def _changed() -> Response:
    """The panel after a change: only its changing part where HTMX asks, or the page that it was asked on."""
    wanted = request.form.get("next")
    if wanted and is_local(wanted):
        return go_to(wanted)
    return render("control/_both.html", **_values()) if request.htmx else go_to(url_for("control.show"))
