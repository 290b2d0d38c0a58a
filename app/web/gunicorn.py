"""How gunicorn serves the web tool; read by `gunicorn --config app/web/gunicorn.py`."""

from typing import Any

from app.installation import installation
from app.queue.process_log import keep_said
from app.settings import Settings

_settings = Settings.from_env()

bind = f"{_settings.host}:{_settings.port}"
workers = _settings.web_processes
threads = _settings.web_threads
worker_class = "gthread"
# Libraries are imported once and shared by all processes. Nothing may compute or connect before the fork.
preload_app = True
# Large uploads and downloads keep a thread busy for long; only a process that does nothing at all is replaced.
timeout = 120
graceful_timeout = 10
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
loglevel = _settings.log_level.lower()
# Filters and columns of a dataset are in addresses, and their names may be long.
limit_request_line = 8190
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Keep what this process and those that it forks say, for the control panel; nothing connects before one does."""
    with server.app.wsgi().app_context():
        keep_said(installation().bell, "web", "gunicorn.error")
