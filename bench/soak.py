"""Random load with random faults on a whole cluster, and a ledger of what came of each request.

    python -m bench.soak [--minutes 3] [--seed 1] [--owners 4] [--storage folder|s3|disk] [--keep]

Two managers (under two host names where the machine allows it), two schedulers, the web process, PostgreSQL, Redis and
storage of their own: a folder, a small disk (as root) or an S3 server, which unless said depends on the seed. Every
other owner asks over the API.

What has not ended a minute after all parts are back is stuck. Exit status 1 when anything was lost, doubled, stuck,
orphaned or wrong.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import requests

from app.domain.errors import Unavailable
from app.plugins.registry import BUILT_IN, Registry
from app.services.context import Context, open_context
from app.services.user import create_user
from app.settings import Settings
from app.storage import setting
from bench._installation import wait
from bench._soak_cluster import MANAGERS, Cluster
from bench._soak_faults import Faults
from bench._soak_ledger import Ledger, audit, open_datasets, sweep
from bench._soak_load import Owner
from bench._soak_sides import Services, Web
from bench._soak_storage import KINDS

_CALM_SECONDS = 60


def soak(folder: Path, minutes: float, seed: int, owner_count: int, storage: str) -> Ledger:
    """Run it all; the ledger."""
    with closing(Cluster(folder, storage)) as cluster:
        ctx = open_context(Settings.from_env(cluster.environ), Registry.discover((*BUILT_IN, "bench.plugins")))
        cluster.keep_up()
        wait(lambda: len(ctx.bell.managers()) == len(MANAGERS), 60)
        setting.put(ctx.database, "limits.open_jobs", 16)
        owners = [_owner(ctx, cluster.url, seed, number) for number in range(owner_count)]
        faults = Faults(cluster, ctx, seed)
        _under_load(cluster, owners, faults, minutes)
        wait(lambda: _unlimited(ctx), 30)
        ledger = Ledger()
        began = time.monotonic()
        _calm(cluster, ctx, ledger)
        took = time.monotonic() - began
        print(f"\nseed {seed}, {minutes} minutes, {storage}; calm {took:.0f} s after the last part was back")
        print("faults:", ", ".join(f"{count} {name}" for name, count in sorted(faults.done.items())))
        audit(ctx, owners, ledger)
        sweep(ctx, cluster.storage, ledger)
        for process in cluster.stop_workers():
            ledger.found("orphaned", f"process {process}")
        ctx.close()
    return ledger


def _owner(ctx: Context, url: str, seed: int, number: int) -> Owner:
    user = create_user(ctx, f"owner{number}", "not a secret at all")
    side = Web(ctx, user, url) if number % 2 else Services(ctx, user)
    return Owner(ctx, user, side, seed * 1000 + number)


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
    wait(lambda: _all_back(cluster), 60)
    for thread in load:
        thread.join()


def _all_back(cluster: Cluster) -> bool:
    """Whether every part runs and both servers answer, after starting what does not run."""
    started = cluster.keep_up()
    time.sleep(0.3)
    try:
        return not started and requests.get(f"{cluster.url}/api/status", timeout=5).json()["status"] == "ok"
    except requests.RequestException:
        return False


def _unlimited(ctx: Context) -> bool:
    """Take back what has been set meanwhile; False when the database does not answer."""
    try:
        for name in ("workers.soak-step.max_workers", "limits.stored_mb"):
            setting.delete(ctx.database, name)
    except Unavailable:
        return False
    return True


def _calm(cluster: Cluster, ctx: Context, ledger: Ledger) -> None:
    """Wait until nothing is open; what takes longer than it may is stuck, and waited for as long again."""

    def calm() -> bool:
        cluster.keep_up()
        time.sleep(0.3)
        try:
            return not open_datasets(ctx)
        except Unavailable:
            return False

    with suppress(TimeoutError):
        wait(calm, _CALM_SECONDS)
        return
    for line in open_datasets(ctx):
        ledger.found("stuck", line)
    with suppress(TimeoutError):
        wait(calm, _CALM_SECONDS)
        print("calm, but late")


def main() -> int:
    """Soak and print; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--owners", type=int, default=4)
    parser.add_argument("--storage", choices=KINDS, help="what keeps the results; depends on the seed unless said")
    parser.add_argument("--keep", action="store_true", help="keep the folder with its logs")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        storage = given.storage or KINDS[given.seed % len(KINDS)]
        ledger = soak(folder, given.minutes, given.seed, given.owners, storage)
    finally:
        if given.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    ledger.print()
    return 0 if ledger.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
