"""The scheduler process: rq-scheduler for the interval jobs, and the reconciler."""

from __future__ import annotations

import logging
import signal
import sys
import time
import warnings
from typing import Any

import redis

from app.domain.errors import FourcatError
from app.queue.process_log import keep_said
from app.runner.reconcile import Reconciler
from app.runner.schedule import Declared, declare, enqueue_due, open_scheduler, synchronise
from app.runner.tidy import tidy
from app.services.context import Context, open_context
from app.settings import Settings

log = logging.getLogger("scheduler")

_STEP = 1.0
_TIDY_EVERY = 600.0


class Loop:
    """Runs the schedule every second and the reconciler every few; neither minds if the other's server is away.

    What cannot be done now, whatever the reason, is left for the next time: one entry or job must not hold up all.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._scheduler = open_scheduler(ctx.bell)
        self._reconciler = Reconciler(ctx)
        self._stopping = False
        self._declared: Declared = {}

    def stop(self, *_: Any) -> None:
        """End after the step at hand."""
        self._stopping = True

    def run(self) -> None:
        """Go on until stopped."""
        reconcile_at = tidy_at = 0.0
        while not self._stopping:
            if time.monotonic() >= reconcile_at:
                reconcile_at = time.monotonic() + self._ctx.settings.reconcile_seconds
                self._reconcile()
            self._schedule()
            if time.monotonic() >= tidy_at:
                tidy_at = time.monotonic() + _TIDY_EVERY
                self._tidy()
            time.sleep(_STEP)

    def _reconcile(self) -> None:
        try:
            self._declared = declare(self._ctx)
            synchronise(self._scheduler, self._ctx.bell, self._declared)
        except (FourcatError, redis.RedisError) as error:
            log.warning("schedule not compared: %s", error)
        except Exception:
            log.exception("schedule not compared")
        try:
            self._reconciler.look()
        except FourcatError as error:
            log.warning("queue not compared: %s", error)
        except Exception:
            log.exception("queue not compared")

    def _schedule(self) -> None:
        try:
            enqueue_due(self._scheduler, self._ctx.bell)
        except redis.RedisError as error:
            log.warning("Redis is away: %s", error)
        except Exception:
            log.exception("schedule not rung")

    def _tidy(self) -> None:
        try:
            tidy(self._ctx.bell, self._ctx.registry.queues())
        except redis.RedisError as error:
            log.warning("Redis not tidied: %s", error)
        except Exception:
            log.exception("Redis not tidied")


def main() -> int:
    """Run until SIGTERM or SIGINT; exit status 2 when it cannot start."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    warnings.simplefilter("ignore", DeprecationWarning)
    try:
        settings = Settings.from_env()
        logging.getLogger().setLevel(settings.log_level)
        logging.getLogger("rq_scheduler").setLevel("WARNING")
        ctx = open_context(settings, name="4cat scheduler")
        keep_said(ctx.bell, "scheduler")
        loop = Loop(ctx)
    except FourcatError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, loop.stop)
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
