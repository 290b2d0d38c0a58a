"""A webhook is told what has failed, once, and nothing of what is in the data."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from app.domain.alert import TOLD, alert_setting
from app.domain.errors import InvalidInput, SourceError
from app.domain.user import User
from app.services.context import Context
from app.services.error_report import report_error
from app.services.site_setting import change_site_settings
from tests.conftest import import_posts
from workers.send_alerts import SendAlerts


class Chat(HTTPServer):
    """A chat that takes messages."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), Listening)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/hook"


class Listening(BaseHTTPRequestHandler):
    """Takes one message."""

    server: Chat

    def do_POST(self) -> None:
        """Keep the text."""
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 200:
            self.server.texts.append(sent["text"])
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat() as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield listening
        listening.shutdown()


def tell(ctx: Context) -> None:
    """Do the task, as if everything had happened a while ago."""
    ctx.database.run("UPDATE error_reports SET at = at - interval '10 seconds' WHERE at > now() - interval '9 seconds'")
    ctx.database.run(
        "UPDATE settings SET value = jsonb_set(value, '{until}', to_jsonb((now() - interval '1 minute')::text))"
        " WHERE name = %(name)s",
        name=TOLD,
    )
    SendAlerts().work(None, SimpleNamespace(database=ctx.database, settings=ctx.site_settings()))  # type: ignore[arg-type]
    ctx.database.run("DELETE FROM error_reports")


def test_a_webhook_is_told_what_failed_and_no_data(ctx: Context, admin: User, user: User, chat: Chat) -> None:
    assert SendAlerts.standing(ctx.site_settings()) == []
    change_site_settings(ctx, admin, {"alerts.webhook": chat.address})
    assert [standing.interval for standing in SendAlerts.standing(ctx.site_settings())] == [60]
    report_error(ctx, ValueError("before"), "GET /before", None)
    tell(ctx)
    assert chat.texts == ["4CAT tells here from now on when something has failed."]
    number = report_error(ctx, ValueError("a secret of somebody"), "GET /datasets?q=secret", user)
    failed = import_posts(ctx, user)
    ctx.database.run("UPDATE jobs SET state = 'failed', failed = now() - interval '9 seconds'")
    tell(ctx)
    assert chat.texts[1:] == [f"Error {number} at GET /datasets: ValueError"]
    tell(ctx)
    assert len(chat.texts) == 2
    change_site_settings(ctx, admin, {"alerts.about": "failures"})
    tell(ctx)
    assert chat.texts[2].endswith(f"failed: upload, dataset {failed.key[:8]}")


def test_what_a_webhook_has_not_taken_is_told_again(ctx: Context, admin: User, chat: Chat) -> None:
    change_site_settings(ctx, admin, {"alerts.webhook": chat.address})
    chat.status = 500
    with pytest.raises(SourceError, match="status 500"):
        tell(ctx)
    assert TOLD not in ctx.site_settings()
    chat.status = 200
    tell(ctx)
    for place in range(12):
        report_error(ctx, KeyError(place), f"GET /{place}", None)
    tell(ctx)
    lines = chat.texts[1].splitlines()
    assert (len(lines), lines[-1]) == (11, "… and 2 more. The control panel has all of them.")


@pytest.mark.parametrize("address", ["ftp://example.org", "example.org", "https://", "https://a b"])
def test_only_web_addresses_can_be_told(ctx: Context, admin: User, address: str) -> None:
    with pytest.raises(InvalidInput):
        change_site_settings(ctx, admin, {"alerts.webhook": address})
    assert alert_setting({"alerts.webhook": address}, "webhook") == ""
