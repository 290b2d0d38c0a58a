"""A door before a server: it lets through what comes, refuses it, or lets it wait."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

_CHUNK = 65_536
_REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Gate:
    """Listens on a port of its own and passes on to a server."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._refuses = False
        self._passes = threading.Event()
        self._passes.set()
        threading.Thread(target=self._serve, daemon=True).start()

    def refuse(self) -> None:
        """From now on, answer that this is forbidden."""
        self._refuses = True

    def hang(self) -> None:
        """From now on, take what comes and answer nothing, on open connections too."""
        self._passes.clear()

    def open(self) -> None:
        """Let through again."""
        self._refuses = False
        self._passes.set()

    def close(self) -> None:
        """Take nothing more."""
        self.open()
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._server) as server:
            back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
            back.start()
            self._pass_on(client, server, asks=True)
            back.join()

    def _pass_on(self, one: socket.socket, other: socket.socket, *, asks: bool = False) -> None:
        with suppress(OSError):
            while chunk := one.recv(_CHUNK):
                self._passes.wait()
                if asks and self._refuses:
                    one.sendall(_REFUSAL)
                    break
                other.sendall(chunk)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_WR)
