"""A data source that waits for somebody else: for the database, or for a server that never answers."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.plugins import CaptureRun, Choice, DataSource, Number, Text


class Waits(DataSource):
    """Wait for the database or the network, and collect nothing."""

    id = "waits"
    title = "Waits"

    @dataclass(frozen=True)
    class Options:
        """For what, and where to leave a trace."""

        way: str = Choice("Way", {"query": "A slow query", "network": "A silent server"})
        trace: str = Text("File in which each attempt leaves a line")
        port: int = Number("Port of the silent server on this machine", 1)

    def collect(self, options: Options, run: CaptureRun) -> Iterator[Mapping[str, Any]]:
        """Wait."""
        with Path(options.trace).open("a") as opened:
            opened.write(f"{os.getpid()}\n")
        if options.way == "query":
            for rows in run.database.stream("SELECT pg_sleep(599) AS slept"):
                yield from rows
        else:
            with socket.create_connection(("127.0.0.1", options.port)) as server:
                yield {"said": server.recv(1)}

    @staticmethod
    def to_item(raw: Mapping[str, Any]) -> dict[str, Any]:
        """Nothing is ever mapped."""
        raise ValueError("there is nothing to map")
