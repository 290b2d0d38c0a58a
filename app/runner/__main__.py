"""`python -m app.runner`: the worker processes of this machine, for all queues or for some."""

from __future__ import annotations

import argparse
import logging
import os
import sys

from app.domain.errors import FourcatError
from app.queue.process_log import keep_said
from app.runner.manager import Manager
from app.services.context import open_context
from app.settings import Settings


def main() -> int:
    """Run the manager; exit status 2 when it cannot start as asked."""
    parser = argparse.ArgumentParser(prog="python -m app.runner", description=__doc__)
    parser.add_argument("--queues", nargs="+", default=[], metavar="TYPE", help="only these queues (default: all)")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = Settings.from_env()
        logging.getLogger().setLevel(settings.log_level)
        ctx = open_context(settings, name="4cat worker")
        keep_said(ctx.bell, "worker")
        Manager(ctx, tuple(given.queues) or settings.worker_queues).run()
    except (FourcatError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
