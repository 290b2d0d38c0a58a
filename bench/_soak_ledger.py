"""The ledger: what was asked, how it ended, and what should not be."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from app.domain.dataset import Dataset, Status
from app.domain.errors import NotFound
from app.services.context import Context
from app.storage import dataset as datasets
from bench._installation import wait
from bench._soak_load import Asked, Owner
from bench._soak_storage import Storage

_MUST_BE_NONE = ("lost", "doubled", "stuck", "orphaned", "wrong")


@dataclass
class Ledger:
    """Counts, and a line for each thing that should not be."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def found(self, what: str, text: str) -> None:
        self.counts[what] += 1
        self.faults.append(f"{what}: {text}")

    @property
    def is_clean(self) -> bool:
        return not any(self.counts[name] for name in _MUST_BE_NONE)

    def print(self) -> None:
        """The ledger as a table, then what explains it."""
        ended = {str(status): self.counts[status] for status in Status}
        row = {
            "asked": self.counts["asked"] + self.counts["found unasked"],
            "finished": ended["finished"] + ended["empty"],
            "failed": ended["failed"],
            "cancelled": ended["cancelled"],
            **{name: self.counts[name] for name in ("deleted", *_MUST_BE_NONE)},
        }
        print("\nledger")
        print("  " + " ".join(f"{name:>9}" for name in row))
        print("  " + " ".join(f"{count:9}" for count in row.values()))
        for name in ("found unasked", "refused", "unanswered", "retries", "attempts beyond the first"):
            print(f"  {self.counts[name]:6} {name}")
        print("why they failed")
        for reason, count in self.reasons.most_common(12):
            print(f"  {count:4}  {reason}")
        for line in self.faults[:40]:
            print(f"  ! {line}")


def audit(ctx: Context, owners: list[Owner], ledger: Ledger) -> None:
    """Compare what was asked with what is there."""
    there = {
        row["key"]: datasets.get(ctx.database, row["key"]) for row in ctx.database.many("SELECT key FROM datasets")
    }
    for owner in owners:
        ledger.counts["asked"] += len(owner.asked)
        ledger.counts += owner.counts
        for asked in owner.asked:
            _audit_one(ctx, asked, there.pop(asked.key, None), ledger)
    for dataset in there.values():  # steps of presets, and what was made though the answer was lost
        ledger.counts["found unasked"] += 1
        _audit_end(ctx, dataset, ledger)
    _audit_jobs(ctx, ledger)


def open_datasets(ctx: Context) -> list[str]:
    """A line for each dataset that has not ended, with its job."""
    rows = ctx.database.many(
        "SELECT d.key, d.type, d.status, d.message, j.id, j.state, j.attempts, j.blocked_by,"
        " j.claim_after - now() AS due, now() - j.heartbeat AS silent"
        " FROM datasets d LEFT JOIN jobs j ON j.dataset = d.key WHERE d.status IN ('waiting', 'running')"
    )
    return [", ".join(f"{name} {value}" for name, value in row.items()) for row in rows]


def _audit_one(ctx: Context, asked: Asked, dataset: Dataset | None, ledger: Ledger) -> None:
    ledger.counts["retries"] += asked.retries
    if dataset is None:
        if asked.may_be_deleted:
            ledger.counts["deleted"] += 1
        else:
            ledger.found("lost", f"{asked.kind} {asked.key}")
        return
    if asked.is_deleted:
        ledger.found("orphaned", f"{asked.kind} {asked.key} was deleted and is there")
    _audit_end(ctx, dataset, ledger)
    if dataset.status is Status.FINISHED:
        wrong = _difference(ctx, asked, dataset)
        if wrong:
            ledger.found("wrong", f"{asked.kind} {asked.key}: {wrong}")
    elif dataset.status is Status.EMPTY and asked.values and asked.kind != "preset":
        if asked.source is None or "is empty" not in dataset.message:
            ledger.found("wrong", f"{asked.kind} {asked.key} is empty: {dataset.message}")
    elif dataset.status is Status.CANCELLED and not _may_be_cancelled(asked):
        ledger.found("wrong", f"{asked.kind} {asked.key} was cancelled by nobody: {dataset.message}")


def _may_be_cancelled(asked: Asked | None) -> bool:
    while asked is not None:
        if asked.was_cancelled:
            return True
        asked = asked.source
    return False


def _audit_end(ctx: Context, dataset: Dataset, ledger: Ledger) -> None:
    ledger.counts[dataset.status] += 1
    if not dataset.status.is_ended and not ledger.counts["stuck"]:
        ledger.found("stuck", f"{dataset.type} {dataset.key} is {dataset.status}: {dataset.message}")
    if dataset.status is Status.FAILED:
        ledger.reasons[dataset.message] += 1
        if not dataset.message.strip():
            ledger.found("wrong", f"{dataset.type} {dataset.key} failed without a reason")
    ledger.counts["attempts beyond the first"] += max(int(dataset.provenance.get("attempt", 1)) - 1, 0)
    published = [line["line"] for line in datasets.log_lines(ctx.database, dataset.key)].count(dataset.message)
    if dataset.status is Status.FINISHED and "result_of" not in dataset.provenance and published != 1:
        ledger.found("doubled", f"{dataset.type} {dataset.key} was published {published} times")


def _difference(ctx: Context, asked: Asked, dataset: Dataset) -> str:
    """What is wrong with a finished result; empty when it is right."""
    if dataset.result is None:
        return "finished without a result"
    for file in dataset.result.files.values():
        try:
            content = b"".join(ctx.files.read(file.name))
        except NotFound:
            return f"{file.name} is gone"
        if hashlib.sha256(content).hexdigest() != file.sha256:
            return f"{file.name} is not what was stored"
    table = pl.read_parquet(ctx.files.local(dataset.result.files["table"]))
    values = sorted(table["value"].cast(pl.Int64).to_list())
    if values != sorted(asked.values):
        return f"{len(values)} values with sum {sum(values)}, not {len(asked.values)} with {sum(asked.values)}"
    return "" if dataset.rows == len(values) else f"says {dataset.rows} rows and has {len(values)}"


def _audit_jobs(ctx: Context, ledger: Ledger) -> None:
    rows = ctx.database.many(
        "SELECT j.id, j.type, j.state, d.status FROM jobs j LEFT JOIN datasets d ON d.key = j.dataset"
        " WHERE j.interval IS NULL AND (d.key IS NULL OR (j.state <> 'failed' AND d.status NOT IN"
        " ('waiting', 'running')) OR (j.state = 'failed' AND d.status <> 'failed'))"
    )
    for row in rows:
        ledger.found("orphaned", f"job {dict(row)}")


def sweep(ctx: Context, storage: Storage, ledger: Ledger) -> None:
    """Make everything look old, let the standing task clean up, and count what it left though nothing refers to it."""
    ctx.database.run("UPDATE uploads SET created = created - interval '2 days'")
    storage.age(ctx)
    began = ctx.database.one("SELECT now() AS now")["now"]
    ctx.database.run("UPDATE jobs SET claim_after = now() WHERE type = 'clean-up-files' AND state = 'waiting'")
    wait(lambda: _has_run(ctx, began), 60)
    used = {
        row["name"]
        for row in ctx.database.many(
            "SELECT file.value ->> 'name' AS name FROM datasets, jsonb_each(result -> 'files') AS file"
            " WHERE result IS NOT NULL UNION ALL SELECT file ->> 'name' FROM uploads"
        )
    }
    for name in storage.remains():
        if name not in used:
            ledger.found("orphaned", f"file {name}")


def _has_run(ctx: Context, since: Any) -> bool:
    row = ctx.database.one("SELECT state, claimed FROM jobs WHERE type = 'clean-up-files'")
    return row["state"] == "waiting" and row["claimed"] is not None and row["claimed"] >= since
