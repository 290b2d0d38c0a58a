"""Count which processes hold connections to Redis."""

from __future__ import annotations

from typing import Any

import psutil

from app.services.context import Context


def opened(ctx: Context, process: psutil.Process) -> set[str]:
    """The connections to Redis that a process has opened itself: it also holds those that it had from its parent."""
    parent = process.parent()
    return held(ctx, process) - (held(ctx, parent) if parent is not None else set())


def held(ctx: Context, process: psutil.Process) -> set[str]:
    """The connections of a process that Redis knows of."""
    known: Any = ctx.bell.client.client_list()
    own = {f"{line.laddr.ip}:{line.laddr.port}" for line in process.net_connections("tcp") if line.laddr}
    return own & {client["addr"] for client in known}
