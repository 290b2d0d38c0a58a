"""A proxy server that works, or fails in one of the ways in which proxies do."""

from __future__ import annotations

import http.client
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_TIMEOUT = 10
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "proxy-authorization", "proxy-connection"}


class LittleProxy(ThreadingHTTPServer):
    """Passes on `GET` by whole addresses and leads to hosts by `CONNECT`. `mood` may be changed while it runs:

    `good`, `silent` (takes requests and says nothing), `dropping` (ends the connection), or a status with which it
    answers everything itself. `headers` go with what it says itself.
    """

    daemon_threads = True

    def __init__(self, mood: str | int = "good", **headers: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mood = mood
        self.headers = headers
        self.asked: list[str] = []
        self.signed_in: set[str] = set()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """Its address as a setting has it."""
        return f"http://reader:pass-word@{self.name}"

    @property
    def name(self) -> str:
        """Its address as people are shown it."""
        return f"127.0.0.1:{self.server_port}"


@contextmanager
def running(mood: str | int = "good", **headers: str) -> Iterator[LittleProxy]:
    """A proxy, for as long as the block lasts."""
    proxy = LittleProxy(mood, **headers)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy
    finally:
        proxy.closing.set()
        proxy.shutdown()
        thread.join()
        proxy.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: LittleProxy

    def do_GET(self) -> None:
        """Pass the request on."""
        if self._is_well():
            asked = urlsplit(self.path)
            there = http.client.HTTPConnection(asked.netloc, timeout=_TIMEOUT)
            try:
                there.request("GET", asked._replace(scheme="", netloc="").geturl() or "/", headers=self._passed_on())
                answer = there.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                self._say(502)
                return
            finally:
                there.close()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def do_CONNECT(self) -> None:
        """Lead to a host."""
        if self._is_well():
            host, _, port = self.path.rpartition(":")
            try:
                there = socket.create_connection((host, int(port)), timeout=_TIMEOUT)
            except OSError:
                self._say(502)
                return
            self.send_response_only(200)
            self.end_headers()
            self._lead(there)

    def _lead(self, there: socket.socket) -> None:
        """Pass on bytes both ways."""
        self.close_connection = True
        with suppress(OSError), there:
            while not self.server.closing.is_set():
                for ready in select.select([self.connection, there], [], [], 0.1)[0]:
                    data = ready.recv(65_536)
                    if not data:
                        return
                    (there if ready is self.connection else self.connection).sendall(data)

    def _is_well(self) -> bool:
        """Whether it passes anything on; else it has done what it does instead."""
        self.server.asked.append(self.path)
        self.server.signed_in.add(self.headers.get("Proxy-Authorization", ""))
        if self.server.mood == "silent":
            self.server.closing.wait(60)
        elif isinstance(self.server.mood, int):
            self._say(self.server.mood)
        if self.server.mood != "good":
            self.close_connection = True
        return self.server.mood == "good"

    def _say(self, status: int) -> None:
        """Answer by itself."""
        self.send_response(status)
        for name, value in {"Content-Length": "0", **self.server.headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _passed_on(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name.lower() not in _HOP}

    def version_string(self) -> str:
        """The name for the Server header."""
        return "LittleProxy"

    def log_message(self, *_: object) -> None:
        """Say nothing."""
