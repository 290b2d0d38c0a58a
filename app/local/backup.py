"""Make a backup of an installation while it runs: database, files and keys, as they belong together."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg2

from app import __version__
from app.domain.errors import SettingsError, Unavailable, UserError
from app.local.backup_database import Facts, frozen, read_facts, server_version, still_referred, write_list
from app.local.backup_files import Progress, Say, drop_unlisted, in_words, save_files
from app.local.backup_folder import (
    DATABASE,
    KEYS,
    LIST,
    PARTS,
    Manifest,
    Missing,
    list_backups,
    new_backup,
    prune,
    read_entries,
    read_manifest,
    write_manifest,
)
from app.local.folder import read_json, write_private
from app.local.installation import local_environment, servers_for_command
from app.local.postgres_client import dump, find_client
from app.local.procfile import ROOT
from app.settings import Settings, read_environment
from app.storage.files import digest, open_files

_KEYS = ("SECRET_KEY", "PSEUDONYM_KEY")


@dataclass(frozen=True)
class Backup:
    """A backup that was made: where it is, what is in it, and which older ones were deleted for it."""

    folder: Path
    manifest: Manifest
    deleted: list[str]


def make_backup(data_dir: Path | None, target: Path, keep: int | None, say: Say) -> Backup:
    """Make a backup in a folder of backups. The tool may go on running; nothing waits for the backup.

    :raises FourcatError: when it cannot be made, saying why; what was made so far does not count as a backup
    """
    _require_installation(data_dir)
    with servers_for_command(local_environment(data_dir)) as settings:
        try:
            with new_backup(target) as (whole, folder):
                manifest = _fill(settings, folder, _newest(target), say)
        except OSError as error:
            raise Unavailable(f"The backup could not be written: {error.strerror or error}.") from error
        except psycopg2.Error as error:
            raise Unavailable(f"The database could not be read: {str(error).strip()}") from error
    deleted = prune(target, keep) if keep else []
    return Backup(whole, manifest, deleted)


def _fill(settings: Settings, folder: Path, before: Path | None, say: Say) -> Manifest:
    made = datetime.now(UTC).isoformat(timespec="seconds")
    version, facts, count, size = _save_database(settings.database_url, folder)
    say(f"Database: {facts.tables['datasets']:,} datasets, {in_words((folder / DATABASE).stat().st_size)}")
    drop_unlisted(folder)
    missing = _save_files(settings, folder, before, count, say)
    write_private(folder / KEYS, {"SECRET_KEY": settings.secret_key, "PSEUDONYM_KEY": settings.pseudonym_key})
    manifest = Manifest(
        made=made,
        version=__version__,
        postgresql=facts.postgresql,
        pg_dump=version,
        migrations=facts.migrations,
        tables=facts.tables,
        running=facts.running,
        files=count - len(missing),
        bytes=size,
        parts={part: digest(folder / part) for part in PARTS},
        missing=missing,
    )
    write_manifest(folder, manifest)
    return manifest


def _save_database(database_url: str, folder: Path) -> tuple[str, Facts, int, int]:
    """Dump the database and list its files, both as of the same moment."""
    with frozen(database_url) as (opened, snapshot):
        major, version = server_version(opened)
        client = find_client(major, f"the database is PostgreSQL {version}")
        facts = read_facts(opened)
        count, size = write_list(opened, folder / LIST)
        dump(client, database_url, snapshot, folder / DATABASE)
    return client.version, facts, count, size


def _save_files(settings: Settings, folder: Path, before: Path | None, count: int, say: Say) -> list[Missing]:
    files = open_files(settings.storage_url, settings.data_dir)
    progress, missing = Progress(say, "Files", count), []
    for found in save_files(files, read_entries(folder), folder, before):
        if isinstance(found, Missing):
            missing.append(found)
        else:
            progress.add(found)
    if not missing:
        return []
    referred = still_referred(settings.database_url, [found.name for found in missing])
    return [
        found
        if found.name in referred
        else replace(found, why="it was deleted while the backup was made", is_lost=False)
        for found in missing
    ]


def _newest(folder: Path) -> Path | None:
    """The last backup that is whole."""
    for backup in reversed(list_backups(folder)):
        with contextlib.suppress(UserError):
            read_manifest(backup)
            return backup
    return None


def _require_installation(data_dir: Path | None) -> None:
    """Do not make the keys of an installation that is elsewhere, and save those.

    :raises SettingsError: when there is no installation in the data folder and the environment holds no keys
    """
    given = read_environment(ROOT)
    folder = ROOT / (data_dir.absolute() if data_dir else Path(given.get("DATA_DIR", "").strip() or "data"))
    if not read_json(folder / "secrets.json") and not all(given.get(name, "").strip() for name in _KEYS):
        raise SettingsError(
            "DATA_DIR",
            f"is {folder}, and there is no installation in it",
            "Name its folder with --data; where DATABASE_URL is set, set SECRET_KEY and PSEUDONYM_KEY as well.",
        )
