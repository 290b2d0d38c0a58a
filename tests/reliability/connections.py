"""Count which processes hold connections to Redis."""

from __future__ import annotations

import os
import time
from itertools import takewhile
from typing import Any

import psutil

from app.services.context import Context


def opened(ctx: Context, process: psutil.Process) -> set[str]:
    """The connections to Redis that a process has opened itself.

    It also holds those that were open when it was forked: they are older than the process, or those above it still have
    them. Not its parent alone, which may have closed its copy since; and Redis tells ages in whole seconds, so that
    one opened just before the fork may look younger than the process.
    """
    of_this_test = takewhile(lambda above: above.pid != os.getpid(), process.parents())
    return held(ctx, process, younger=True) - {one for above in of_this_test for one in held(ctx, above)}


def held(ctx: Context, process: psutil.Process, *, younger: bool = False) -> set[str]:
    """The connections of a process that Redis knows of; with `younger`, of those that were opened in its life."""
    known: Any = ctx.bell.client.client_list()
    age = time.time() - process.create_time()
    own = {f"{line.laddr.ip}:{line.laddr.port}" for line in process.net_connections("tcp") if line.laddr}
    return own & {client["addr"] for client in known if not younger or int(client["age"]) <= age}
