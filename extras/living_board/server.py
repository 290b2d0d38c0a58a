"""The boards over HTTP: conditional requests, faults on order, and a note of every request."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from extras.living_board.documents import Dialect, Document
from extras.living_board.faults import Fault, Faults
from extras.living_board.traffic import Request, Traffic

NOT_FOUND = b"<!DOCTYPE html><html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"


@dataclass(frozen=True)
class Answer:
    """A reply as it goes out; status 0 stands for a connection that is dropped."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Site(Protocol):
    """What a server needs of the boards."""

    faults: Faults
    traffic: Traffic

    def now(self) -> float:
        """The time on the boards."""

    def read(self, dialect: Dialect, path: str, fits: Any) -> Answer:
        """The answer to a request for this path."""


class Server(ThreadingHTTPServer):
    """Serves one dialect on a port of this machine until it is closed."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, site: Site, dialect: Dialect, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.site = site
        self.dialect = dialect
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """Stop answering; also whoever is kept waiting."""
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; anything else is shown."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        """Answer with a document."""
        self._serve()

    def do_HEAD(self) -> None:
        """Answer with the headers of a document."""
        self._serve()

    def do_OPTIONS(self) -> None:
        """Say what may be asked."""
        self._send(Answer(204, headers={"Allow": "GET, HEAD, OPTIONS"}))

    def _serve(self) -> None:
        arrived, site = time.monotonic(), self.server.site
        path = unquote(urlsplit(self.path).path)
        fault = site.faults.due(path, self.client_address[0])
        answer = site.read(self.server.dialect, path, self._has) if fault is None else self._fail(fault, path)
        if answer.body:
            answer.headers.setdefault("Content-Type", "text/html")
        request = Request(
            arrived,
            site.now(),
            self.client_address[0],
            self.command,
            path,
            answer.status,
            len(answer.body),
            self.headers.get("User-Agent", ""),
            self.headers.get("If-Modified-Since"),
            self.headers.get("If-None-Match"),
        )
        site.traffic.note(request)
        self._send(answer)

    def _fail(self, fault: Fault, path: str) -> Answer:
        if fault.hangs:
            self.server.closing.wait(fault.hangs)
        if fault.drops:
            return Answer(0)
        if fault.breaks or (fault.hangs and fault.status == 200):
            answer = self.server.site.read(self.server.dialect, path, lambda document: False)
            body = answer.body[: len(answer.body) // 2] if fault.breaks else answer.body
            return Answer(answer.status, body, answer.headers)
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Answer(fault.status, b"<html><body>The server has a bad day.</body></html>", headers)

    def _has(self, document: Document) -> bool:
        """Whether the client has this version already; a tag counts for more than a time."""
        tags, since = self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")
        if tags is not None:
            known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
            return "*" in known or f'"{document.tag}"' in known
        try:
            return since is not None and document.modified <= parsedate_to_datetime(since).timestamp()
        except ValueError:
            return False

    def _send(self, answer: Answer) -> None:
        if not answer.status:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def version_string(self) -> str:
        """The name for the Server header."""
        return "LivingBoard"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time on the boards, for the Date header."""
        return formatdate(self.server.site.now() if timestamp is None else timestamp, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing to the terminal: the traffic is noted."""
