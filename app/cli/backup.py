"""The commands that save an installation and bring it back: backup and restore."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.cli.arguments import Commands, add_command


def add_commands(commands: Commands) -> None:
    """Declare them."""
    backup = add_command(
        commands,
        "backup",
        run_backup,
        "Save database, files and keys in a new folder below DIR, while the tool runs.",
        "backup /mnt/backups\nbackup /mnt/backups --keep 14",
    )
    backup.add_argument("to", type=Path, metavar="DIR", help="the folder of backups; not one on the same disk")
    backup.add_argument(
        "--keep", type=_count, metavar="N", help="afterwards, delete all but the newest N backups in DIR"
    )

    restore = add_command(
        commands,
        "restore",
        run_restore,
        "Bring a backup back into an empty installation. Everything in it is checked before anything is touched.",
        "restore /mnt/backups/2026-11-22T02-30-00Z --check\n"
        "restore /mnt/backups/2026-11-22T02-30-00Z --data /srv/4cat/data",
    )
    restore.add_argument("source", type=Path, metavar="FROM", help="the folder of one backup")
    restore.add_argument("--check", action="store_true", help="only check the backup; touch nothing")
    restore.add_argument(
        "--replace", action="store_true", help="delete everything that this installation's database holds now"
    )


def run_backup(asked: argparse.Namespace) -> int:
    """Make a backup; the exit status is 1 when files that should be in storage are not."""
    from app.local.backup import make_backup
    from app.local.backup_files import in_words

    made = make_backup(asked.data, asked.to.absolute(), asked.keep, _say)
    manifest = made.manifest
    for missing in manifest.missing:
        print(f"{'LOST' if missing.is_lost else 'note'}: {missing.name} is not in the backup: {missing.why}.")
    if manifest.running:
        print(f"Running at that moment, to be done anew when this is restored: {manifest.running:,}")
    for name in made.deleted:
        print(f"Deleted the older backup {name}.")
    datasets, users = manifest.tables["datasets"], manifest.tables["users"]
    counted = f"datasets: {datasets:,}, users: {users:,}, files: {manifest.files:,} ({in_words(manifest.bytes)})"
    print(f"{made.folder}: {counted}.")
    return int(any(missing.is_lost for missing in manifest.missing))


def run_restore(asked: argparse.Namespace) -> int:
    """Restore a backup, or only check it."""
    from app.local.backup_files import in_words
    from app.local.restore import check_backup, restore_backup

    source = asked.source.absolute()
    if asked.check:
        manifest = check_backup(source, _say)
        print(f"The backup of {manifest.made} by 4CAT {manifest.version} is whole; files: {manifest.files:,}.")
        return 0
    done = restore_backup(source, asked.data, _say, replace=asked.replace)
    for note in done.notes:
        print(f"note: {note}")
    if done.migrated:
        print(f"Applied {', '.join(done.migrated)}.")
    if done.manifest.running:
        print(f"Waiting again, for they were running: {done.manifest.running:,}")
    if done.manifest.missing:
        print(f"Files that were not in the backup (their datasets say so): {len(done.manifest.missing):,}")
    counts = [f"{name}: {count:,}" for name, count in done.tables.items() if count and name != "schema_migrations"]
    print(f"Restored the backup of {done.manifest.made}: {', '.join(counts)}.")
    print(f"Restored files: {done.files:,} ({in_words(done.bytes)}).")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of backups. Give 1 or more.")
    return int(text)
