"""A process that holds what it has locked, and stands still: stopped by SIGSTOP in the middle of its transaction."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conftest import ROOT

_HOLD = """
import sys, time
from app.domain.errors import FourcatError
from app.storage.database import Database

try:
    with Database(sys.argv[1]).transaction() as tx:
        for sql in sys.argv[2:]:
            tx.run(sql)
        print("held", flush=True)
        sys.stdin.readline()
        tx.run("SELECT 1")
except FourcatError as error:
    print(type(error).__name__, flush=True)
"""
_LONGEST = 45.0


@contextmanager
def standing_still(url: str, *statements: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has done these statements, has not committed them, and is frozen.

    It is killed after a while, so that what waits for it for ever fails instead.
    """
    command = [sys.executable, "-c", _HOLD, url, *statements]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    rescue = threading.Timer(_LONGEST, process.kill)
    try:
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGSTOP)
        rescue.start()
        yield process
    finally:
        rescue.cancel()
        process.kill()
        process.wait(10)
        process.stdin.close()
        process.stdout.close()


def thaw(process: subprocess.Popen[str]) -> str:
    """Let it go on, and end its transaction; what it says then."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.send_signal(signal.SIGCONT)
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()
