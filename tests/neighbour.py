"""Another installation to fetch from: a web application on a port of its own, with faults to order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from werkzeug.serving import make_server

Environ = dict[str, Any]


class Neighbour:
    """Serves a WSGI application. `asked` are the addresses of members that were asked for, with the range.

    `fault` may say for one of them what becomes of the answer: `cut` breaks off after half of it, `damage` changes a
    byte, `busy` answers 503, and `stall` waits until `go_on` is set.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self.asked: list[tuple[str, str]] = []
        self.fault: Callable[[str, int], str] = lambda path, number: ""
        self.go_on, self.has_stalled = threading.Event(), threading.Event()
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Serve no more."""
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def times(self, part: str) -> int:
        """How often a member was asked for whose address has this part."""
        return sum(part in path for path, _ in self.asked)

    def _serve(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if "/members/" not in path and "/export-packed-dataset/" not in path:
            return self._application(environ, start_response)
        fault = self.fault(path, self.times(path))
        self.asked.append((path, environ.get("HTTP_RANGE", "")))
        if fault == "busy":
            start_response("503 Busy", [("Retry-After", "0"), ("Content-Length", "0")])
            return []
        if fault == "stall":
            self.has_stalled.set()
            self.go_on.wait(60)
        answer = self._application(environ, start_response)
        return self._changed(answer, fault)

    @staticmethod
    def _changed(answer: Iterable[bytes], fault: str) -> Iterator[bytes]:
        content = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if fault == "damage":
            content = content[:-1] + bytes([content[-1] ^ 1])
        yield content[: len(content) // 2] if fault == "cut" else content
