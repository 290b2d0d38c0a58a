"""Count which processes hold connections to Redis."""

from __future__ import annotations

import time
from typing import Any

import psutil

from app.services.context import Context


def opened(ctx: Context, process: psutil.Process) -> set[str]:
    """The connections to Redis that a process has opened itself.

    It also holds those that it had from its parent: they are older than the process, or the parent still has them.
    """
    parent = process.parent()
    return held(ctx, process, younger=True) - (held(ctx, parent) if parent is not None else set())


def held(ctx: Context, process: psutil.Process, *, younger: bool = False) -> set[str]:
    """The connections of a process that Redis knows of; with `younger`, of those that were opened in its life."""
    known: Any = ctx.bell.client.client_list()
    age = time.time() - process.create_time()
    own = {f"{line.laddr.ip}:{line.laddr.port}" for line in process.net_connections("tcp") if line.laddr}
    return own & {client["addr"] for client in known if not younger or int(client["age"]) <= age}
