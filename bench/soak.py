"""Random load with random faults on a whole cluster, and a ledger of what came of each request.

    python -m bench.soak [--minutes 3] [--seed 1] [--owners 3] [--keep]

Two managers (under two host names where the machine allows it), two schedulers, PostgreSQL and Redis of their own.
Exit status 1 when anything was lost, doubled, stuck, orphaned or wrong.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from app.domain.errors import Unavailable
from app.plugins.registry import BUILT_IN, Registry
from app.services.context import Context, open_context
from app.services.user import create_user
from app.settings import Settings
from bench._installation import wait
from bench._soak_cluster import MANAGERS, Cluster
from bench._soak_faults import Faults
from bench._soak_ledger import Ledger, audit, sweep
from bench._soak_load import Owner

_CALM_SECONDS = 90


def soak(folder: Path, minutes: float, seed: int, owner_count: int) -> Ledger:
    """Run it all; the ledger."""
    with closing(Cluster(folder)) as cluster:
        ctx = open_context(Settings.from_env(cluster.environ), Registry.discover((*BUILT_IN, "bench.plugins")))
        cluster.keep_up()
        wait(lambda: len(ctx.bell.managers()) == len(MANAGERS), 60)
        owners = [
            Owner(ctx, create_user(ctx, f"owner{number}", "not a secret at all"), seed * 1000 + number)
            for number in range(owner_count)
        ]
        faults = Faults(cluster, ctx, seed)
        _under_load(cluster, owners, faults, minutes)
        ledger = Ledger()
        began = time.monotonic()
        _calm(cluster, ctx)
        print(f"\nseed {seed}, {minutes} minutes; calm {time.monotonic() - began:.0f} s after the last fault")
        print("faults:", ", ".join(f"{count} {name}" for name, count in sorted(faults.done.items())))
        audit(ctx, owners, ledger)
        sweep(ctx, folder, ledger)
        for process in cluster.stop_workers():
            ledger.found("orphaned", f"process {process}")
        ctx.close()
    return ledger


def _under_load(cluster: Cluster, owners: list[Owner], faults: Faults, minutes: float) -> None:
    """Load and faults in threads of their own; this one starts again what dies.

    Servers end with the thread that has started them, so no other may.
    """
    stop = threading.Event()
    load = [threading.Thread(target=owner.run, args=(stop,)) for owner in owners]
    harm = threading.Thread(target=faults.run, args=(time.monotonic() + minutes * 60,))
    for thread in (*load, harm):
        thread.start()
    while harm.is_alive():
        cluster.keep_up()
        time.sleep(1)
    stop.set()
    cluster.held.clear()
    cluster.keep_up()
    for thread in load:
        thread.join()


def _calm(cluster: Cluster, ctx: Context) -> None:
    """Wait until nothing is open, for as long as it may take at most."""

    def calm() -> bool:
        cluster.keep_up()
        time.sleep(0.3)
        try:
            row = ctx.database.one("SELECT count(*) AS open FROM datasets WHERE status IN ('waiting', 'running')")
        except Unavailable:
            return False
        return row["open"] == 0

    try:
        wait(calm, _CALM_SECONDS)
    except TimeoutError:
        print("not calm in time")


def main() -> int:
    """Soak and print; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--owners", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="keep the folder with its logs")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        ledger = soak(folder, given.minutes, given.seed, given.owners)
    finally:
        if given.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    ledger.print()
    return 0 if ledger.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
