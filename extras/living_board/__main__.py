"""Run an imageboard on this machine: `python -m extras.living_board --help`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from extras.living_board.board import DIALECTS, LivingBoard

_WRITTEN_EVERY = 60  # seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the boards until the process is told to stop."""
    parser = _parser()
    options = parser.parse_args(arguments)
    start = options.start or int(time.time()) - int(options.begin_hours_ago * 3600)
    names = [name.strip() for name in options.boards.split(",") if name.strip()]
    if not names:
        parser.error("argument --boards: name at least one board")
    site = LivingBoard(options.seed, names, start=start, speed=options.speed, history_hours=options.history_hours)
    site.advance(options.passed_hours * 3600)
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    try:
        for place, dialect in enumerate(options.dialect.split(",")):
            url = site.serve(dialect, options.port + place if options.port else 0)
            print(f"{dialect}: {url} ({', '.join(f'/{name}/' for name in names)})", flush=True)
    except (OSError, ValueError) as error:
        print(f"The board cannot start: {error}", file=sys.stderr)
        return 1
    while not stop.wait(_WRITTEN_EVERY):
        _write(site, options.ledger)
    site.close()
    _write(site, options.ledger)
    return 0


def _write(site: LivingBoard, path: Path | None) -> None:
    if path:
        site.ledger.write(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("living_board", description="An imageboard that lives on this machine.")
    parser.add_argument("--seed", type=int, default=1, help="decides all that happens (default 1)")
    parser.add_argument(
        "--speed", type=float, default=1, help="how many times as fast as outside time runs (default 1)"
    )
    parser.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1 (default: any free port)")
    parser.add_argument("--boards", default="pol,g", help="names, with commas between them (default pol,g)")
    parser.add_argument(
        "--dialect",
        default="fourchan",
        help=f"one of {', '.join(DIALECTS)}; several, with commas, take ports that follow each other",
    )
    parser.add_argument("--ledger", type=Path, help="JSON file for what could be seen when; renewed every minute")
    parser.add_argument(
        "--history-hours", type=float, default=6, help="life on the boards before they open (default 6)"
    )
    parser.add_argument(
        "--begin-hours-ago",
        type=float,
        default=24,
        help="how far behind the boards are at first (default 24), so that fast time stays in the past",
    )
    parser.add_argument("--start", type=int, help="when the boards open, as a UNIX time, instead of so long ago")
    parser.add_argument(
        "--passed-hours",
        type=float,
        default=0,
        help="life on the boards since they opened (default 0): with the same seed and --start they go on from there",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
