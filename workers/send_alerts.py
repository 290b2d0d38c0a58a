"""Tell administrators of errors where they will see it: by a webhook, as chats offer them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.alert import TOLD, alert_setting
from app.domain.job import Job
from app.plugins import SourceError, Standing, Worker, WorkerContext

_SHOWN = 10
_TIMEOUT = 20


class SendAlerts(Worker):
    """Tell the address `alerts.webhook` what has failed since it was told last; there is no such task without one.

    It is told numbers and kinds of errors, which the control panel explains, and nothing of what is in datasets.
    """

    type = "send-alerts"
    interval = 60

    @classmethod
    def standing(cls, settings: Mapping[str, Any]) -> Sequence[Standing]:
        """One job, when an address is set."""
        return [Standing("", cls.interval)] if alert_setting(settings, "webhook") else []

    def work(self, job: Job, ctx: WorkerContext) -> None:
        """Send what is new; a new address is greeted, so that one sees that it works."""
        address = alert_setting(ctx.settings, "webhook")
        if not address:
            return
        told = ctx.settings.get(TOLD)
        since = told.get("until") if isinstance(told, dict) and told.get("address") == address else None
        # What was written down by a transaction that is just ending is told next time.
        until = ctx.database.one("SELECT (now() - interval '5 seconds')::text AS until")["until"]
        lines = _news(ctx, since, until) if since else ["4CAT tells here from now on when something has failed."]
        if lines:
            _post(address, lines)
        ctx.database.run(
            "INSERT INTO settings (name, value) VALUES (%(name)s, %(value)s::jsonb)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed = now()",
            name=TOLD,
            value=json.dumps({"address": address, "until": until}),
        )


def _news(ctx: WorkerContext, since: str, until: str) -> list[str]:
    errors = ctx.database.many(
        "SELECT id, place, split_part(regexp_replace(rtrim(text, ' \n'), '^.*\n', ''), ':', 1) AS kind"
        " FROM error_reports"
        " WHERE at > %(since)s::timestamptz AND at <= %(until)s::timestamptz ORDER BY at",
        since=since,
        until=until,
    )
    jobs = ctx.database.many(
        "SELECT id, type, left(dataset, 8) AS dataset FROM jobs WHERE failed > %(since)s::timestamptz"
        " AND failed <= %(until)s::timestamptz AND (%(everything)s OR interval IS NOT NULL) ORDER BY failed",
        since=since,
        until=until,
        everything=alert_setting(ctx.settings, "about") == "failures",
    )
    lines = [f"Error {row['id']} at {row['place'].partition('?')[0][:120]}: {row['kind'][:80]}" for row in errors]
    for row in jobs:
        dataset = f", dataset {row['dataset']}" if row["dataset"] else ""
        lines.append(f"Job {row['id']} failed: {row['type']}{dataset}")
    rest = len(lines) - _SHOWN
    return lines[:_SHOWN] + ([f"… and {rest} more. The control panel has all of them."] if rest > 0 else [])


def _post(address: str, lines: Sequence[str]) -> None:
    import requests

    try:
        with requests.post(address, json={"text": "\n".join(lines)}, timeout=_TIMEOUT, allow_redirects=False) as answer:
            if not answer.ok:
                raise SourceError(f"The address of alerts answers with status {answer.status_code}.")
    except requests.RequestException as error:
        raise SourceError(f"The address of alerts does not answer: {type(error).__name__}.") from error
