"""Addresses out of users' data are fetched with care."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from app.domain.errors import SourceError
from app.plugins.http import PublicWeb

HERE = ("127.0.0.1",)


class Answers(BaseHTTPRequestHandler):
    """/hop/3 redirects to /hop/2 and so on to /end; /no-head answers only GET; /away redirects to another network."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")  # type: ignore[attr-defined]
        self.server.tokens.append(self.headers.get("Authorization"))  # type: ignore[attr-defined]
        kind, _, rest = self.path.strip("/").partition("/")
        if kind == "hop":
            self._redirect("/end" if rest == "1" else f"/hop/{int(rest) - 1}")
        elif kind == "away":
            self._redirect("http://10.0.0.1/secret")
        elif kind == "other":  # another name of the same machine
            self._redirect(f"http://localhost:{self.server.server_port}/end")  # type: ignore[attr-defined]
        elif kind == "file":
            self._redirect("file:///etc/passwd")
        else:
            refused = kind == "no-head" and self.command == "HEAD"
            self.send_response(405 if refused else 404 if kind == "gone" else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _redirect(self, target: str) -> None:
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        running.asked, running.tokens = [], []  # type: ignore[attr-defined]
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def url(server: ThreadingHTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


@pytest.mark.parametrize("path", ["/end", "/hop/1", "/hop/10"])
def test_redirects_are_followed_to_their_end(server: ThreadingHTTPServer, path: str) -> None:
    with PublicWeb(allow=HERE) as web:
        assert web.final_url(url(server, path)) == url(server, "/end")


@pytest.mark.parametrize(("path", "sent"), [("/hop/1", ["secret", "secret"]), ("/other", ["secret", None])])
def test_credentials_stay_with_the_host_that_was_named(
    server: ThreadingHTTPServer, path: str, sent: list[str | None]
) -> None:
    with (
        PublicWeb(allow=(*HERE, "::1")) as web,
        web.request("GET", url(server, path), headers={"Authorization": "secret"}),
    ):
        assert server.tokens == sent  # type: ignore[attr-defined]


def test_too_many_redirects_are_given_up(server: ThreadingHTTPServer) -> None:
    with PublicWeb(allow=HERE) as web, pytest.raises(SourceError, match="more than 10 times"):
        web.final_url(url(server, "/hop/11"))


def test_a_site_that_refuses_head_is_asked_with_get(server: ThreadingHTTPServer) -> None:
    with PublicWeb(allow=HERE) as web:
        assert web.final_url(url(server, "/no-head")) == url(server, "/no-head")
    assert server.asked == ["HEAD /no-head", "GET /no-head"]  # type: ignore[attr-defined]


def test_what_is_gone_is_an_error(server: ThreadingHTTPServer) -> None:
    with PublicWeb(allow=HERE) as web, pytest.raises(SourceError, match="does not exist"):
        web.final_url(url(server, "/gone"))


@pytest.mark.parametrize("path", ["/away", "/file"])
def test_a_redirect_out_of_the_public_web_is_not_followed(server: ThreadingHTTPServer, path: str) -> None:
    with (
        PublicWeb(allow=HERE) as web,
        pytest.raises(SourceError, match=r"not on the public internet|not a web address"),
    ):
        web.final_url(url(server, path))


def test_a_private_address_is_not_asked(server: ThreadingHTTPServer) -> None:
    with PublicWeb() as web, pytest.raises(SourceError, match="not on the public internet"):
        web.request("GET", url(server, "/end"))
    assert server.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost/", "http://127.1.2.3/", "http://10.0.0.1/", "http://192.168.1.1/", "http://169.254.169.254/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[fe80::1]/", "http://0.0.0.0/", "http://100.64.0.1/",
        "http://224.0.0.1/", "ftp://example.org/", "http:///x", "http://[bad/", "http://a.org:99999999/", "",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(address: str) -> None:
    with PublicWeb() as web, pytest.raises(SourceError, match=r"not on the public internet|not a web address"):
        web.request("GET", address)


def test_a_name_that_changes_its_address_gains_nothing(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looked_up = socket.getaddrinfo, []

    def first_public(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        looked_up.append(host)
        return real("93.184.215.14" if len(looked_up) == 1 else "127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", first_public)
    with PublicWeb() as web, pytest.raises(SourceError, match="not on the public internet"):
        web.request("GET", f"http://rebind.example:{server.server_port}/end")
    assert len(looked_up) == 2
    assert server.asked == []  # type: ignore[attr-defined]


def test_silence_is_an_error(server: ThreadingHTTPServer) -> None:
    port = server.server_port
    server.shutdown()
    server.server_close()
    with PublicWeb(allow=HERE, timeout=1) as web, pytest.raises(SourceError, match="does not answer"):
        web.request("GET", f"http://127.0.0.1:{port}/")
