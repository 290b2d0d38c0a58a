"""The settings of an installation, read once from the environment and passed on.

Every field of `Settings` names its variable, its default, what it means and how its text is read. Nothing here imports
a library besides python-dotenv, so that a process can read its settings before it decides what to load.
"""

# ruff: noqa: RUF009 - the calls only describe the fields

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.domain.errors import SettingsError
from app.domain.setting_docs import describe_site_settings
from app.settings_values import (
    LOG_LEVELS,
    PREFIX,
    REQUIRED,
    Parse,
    Unfit,
    count,
    flag,
    matching,
    names,
    needed,
    number,
    one_of,
    secret,
    setting,
    text,
    url,
    urls,
)
from app.settings_visitors import VisitorSettings


@dataclass(frozen=True)
class Settings(VisitorSettings):
    """Everything an installation can be told from outside. Made by `Settings.from_env()`."""

    data_dir: Path = setting(
        "DATA_DIR", "./data", "The folder for everything kept on this machine.", lambda given: Path(given).absolute()
    )
    database_url: str = needed(
        "DATABASE_URL",
        "The PostgreSQL database. `./4cat up` starts a server of its own and fills this in.",
        url("postgresql", "postgres"),
    )
    redis_url: str = needed(
        "REDIS_URL",
        "The Redis (or Valkey) server. `./4cat up` starts one of its own and fills this in.",
        url("redis", "rediss", "unix"),
    )
    redis_tls_verify: bool = setting(
        "REDIS_TLS_VERIFY",
        "no",
        "Whether the certificate behind a `rediss://` address must be a trusted one. Hosted servers often sign theirs.",
        flag,
    )
    storage_url: str = setting(
        "STORAGE_URL",
        "",
        "Where result files are kept: `file:///a/folder`, or `s3://bucket/prefix?endpoint=https://...&region=...`. "
        "With `&timeout=30` an S3 server that says nothing for so many seconds is given up.",
        url("file", "s3", optional=True),
        "the folder `storage` in DATA_DIR",
    )
    secret_key: str = needed(
        "SECRET_KEY",
        "A long random text that signs cookies. `./4cat up` makes one and keeps it in DATA_DIR.",
        secret,
    )
    pseudonym_key: str = needed(
        "PSEUDONYM_KEY",
        "A long random text with which authors are pseudonymised. With another key the same author gets another name. "
        "`./4cat up` makes one and keeps it in DATA_DIR.",
        secret,
    )
    queue_prefix: str = setting(
        "QUEUE_PREFIX",
        "4cat",
        "What the names of queues begin with, so that two installations can share one Redis.",
        matching(PREFIX, "Use letters, digits, hyphens and underscores, such as 4cat"),
    )
    host: str = setting("HOST", "127.0.0.1", "The address the web server listens on.", text)
    port: int = setting("PORT", "5000", "The port the web server listens on.", count(1, 65_535))
    web_processes: int = setting("WEB_PROCESSES", "2", "Processes of the web server.", count(1, 64))
    web_threads: int = setting("WEB_THREADS", "4", "Threads in each process of the web server.", count(1, 64))
    workers_always_on: bool = setting(
        "WORKERS_ALWAYS_ON",
        "no",
        "Whether every worker process runs all the time. Otherwise each is started when its queue has work.",
        flag,
    )
    worker_idle_seconds: int = setting(
        "WORKER_IDLE_SECONDS", "30", "How long a worker process without work is kept.", count(1, 86_400)
    )
    worker_queues: tuple[str, ...] = setting(
        "WORKER_QUEUES",
        "",
        "The only types of work that this machine does, separated by commas.",
        names,
        "all types",
    )
    plugin_packages: tuple[str, ...] = setting(
        "PLUGIN_PACKAGES",
        "",
        "More Python packages with processors, data sources or workers, separated by commas.",
        names,
        "none",
    )
    job_memory_mb: int = setting(
        "JOB_MEMORY_MB", "2048", "The most memory that one job may use, in megabytes.", count(128, 1_048_576)
    )
    job_minutes: int = setting("JOB_MINUTES", "1440", "The longest that one job may take.", count(1, 527_040))
    engine_threads: int = setting(
        "ENGINE_THREADS",
        "",
        "Threads that one job may compute with.",
        count(1, 1024, lambda: os.cpu_count() or 1),
        "the number of cores",
    )
    heartbeat_seconds: float = setting(
        "HEARTBEAT_SECONDS", "2", "How often a running job says that it is alive.", number(0.1, 600)
    )
    dead_after_seconds: float = setting(
        "DEAD_AFTER_SECONDS",
        "30",
        "After how long without a sign of life a running job is given to another worker.",
        number(1, 3600),
    )
    shutdown_seconds: float = setting(
        "SHUTDOWN_SECONDS", "25", "How long running work may take to end when the tool is stopped.", number(0, 3600)
    )
    reconcile_seconds: float = setting(
        "RECONCILE_SECONDS", "10", "How often the queue is compared with what is really running.", number(0.1, 600)
    )
    database_pool: int = setting(
        "DATABASE_POOL", "10", "The most connections to the database that one process opens.", count(1, 1000)
    )
    outage_minutes: float = setting(
        "OUTAGE_MINUTES",
        "60",
        "How long work waits for storage or another part that is away before it fails with that as its reason.",
        number(0, 10_080),
    )
    max_open_jobs: int = setting(
        "MAX_OPEN_JOBS",
        "1000",
        "The most jobs that one person may have waiting and running; 0 is no limit. "
        "What is set as `limits.open_jobs` while the tool runs counts before it.",
        count(0, 1_000_000),
    )
    max_stored_mb: int = setting(
        "MAX_STORED_MB",
        "0",
        "The most megabytes of results and uploads that one person may store; 0 is no limit. "
        "What is set as `limits.stored_mb` while the tool runs counts before it.",
        count(0, 1_000_000_000),
    )
    max_upload_mb: int = setting(
        "MAX_UPLOAD_MB", "10240", "The largest file that can be uploaded, in megabytes.", count(1, 10_485_760)
    )
    session_cookie_secure: bool = setting(
        "SESSION_COOKIE_SECURE", "no", "Whether cookies go over HTTPS only, as they do with a SITE_URL in https.", flag
    )
    scrape_proxies: tuple[str, ...] = setting(
        "SCRAPE_PROXIES",
        "",
        "Proxies through which scrapers go, such as http://name:password@host:3128, separated by commas;"
        " one is chosen at random for each request, another when it fails.",
        urls("http", "https"),
        "none",
    )
    site_url: str = setting(
        "SITE_URL",
        "",
        "The address at which people reach this site, such as `https://4cat.example.org`; links in mails need it,"
        " and scrapers name it to the sites that they ask.",
        url("http", "https", optional=True),
        "none: no mail is sent",
    )
    mail_url: str = setting(
        "MAIL_URL",
        "",
        "The mail server: `smtps://name:password@host` (TLS), `smtp+starttls://name:password@host` or `smtp://host`.",
        url("smtp", "smtps", "smtp+starttls", optional=True),
        "none: no mail is sent",
    )
    mail_from: str = setting(
        "MAIL_FROM", "", "The address that mails come from.", text, "`4cat@` and the host of SITE_URL"
    )
    log_level: str = setting("LOG_LEVEL", "INFO", "The least important messages that are logged.", one_of(*LOG_LEVELS))
    site_name: str = setting(
        "SITE_NAME",
        "4CAT",
        "The name shown on every page. What is set as `texts.name` while the tool runs counts before it.",
        text,
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from the environment and, where it is silent, from `.env` in the working directory.

        With `environ` given, that alone is read.

        :raises SettingsError: naming the variable that is missing or wrong, and what is expected
        """
        given = read_environment() if environ is None else environ
        values = {about.name: _read(about, given) for about in fields(cls)}
        values["storage_url"] = values["storage_url"] or (values["data_dir"] / "storage").as_uri()
        _check(values)
        return cls(**values)


def read_environment(folder: Path = Path()) -> dict[str, str]:
    """The environment, with what `.env` in the working directory, or in another folder, adds to it."""
    from dotenv import dotenv_values

    added = {name: value for name, value in dotenv_values(folder / ".env").items() if value is not None}
    return {**added, **os.environ}


def variable_of(name: str) -> str:
    """The environment variable that sets a field."""
    return str({about.name: about for about in fields(Settings)}[name].metadata["variable"])


def describe_settings() -> str:
    """The settings as a page of Markdown: `docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "Settings are environment variables. Those that the environment does not hold are read from a file `.env` in",
        "the working directory, one `NAME=value` a line. A wrong value stops the start and names the variable. Yes or",
        "no may be written `yes`, `true`, `on`, `1` or `no`, `false`, `off`, `0`.",
        "",
        "Four have no default. With `./4cat up` you need not set them: it starts a PostgreSQL and a Redis of its own,",
        "and makes the two keys once and keeps them in the data folder.",
        "",
        "| variable | default | what it means |",
        "|---|---|---|",
    ]
    of_visitors = {described.name for described in fields(VisitorSettings)}
    for described in sorted(fields(Settings), key=lambda one: one.name in of_visitors):
        about = described.metadata
        default = "**none: must be set**" if about["default"] == REQUIRED else about["shown"] or f"`{about['default']}`"
        lines.append(f"| `{about['variable']}` | {default} | {about['help']} |")
    return "\n".join([*lines, *describe_site_settings()]) + "\n"


def _read(described: Field[Any], given: Mapping[str, str]) -> Any:
    variable, default = described.metadata["variable"], described.metadata["default"]
    raw = given.get(variable, "").strip()
    if not raw and default == REQUIRED:
        raise SettingsError(variable, "is not set", described.metadata["help"])
    parse: Parse = described.metadata["parse"]
    try:
        return parse(raw or default)
    except Unfit as wrong:
        raise SettingsError(variable, wrong.problem, wrong.expected) from None


def _check(values: Mapping[str, Any]) -> None:
    """Look at what only together can be wrong."""
    if values["dead_after_seconds"] < 2 * values["heartbeat_seconds"]:
        expected = f"It must be at least twice HEARTBEAT_SECONDS, which is {values['heartbeat_seconds']:g}."
        raise SettingsError("DEAD_AFTER_SECONDS", f"is {values['dead_after_seconds']:g}", expected)
    storage = urlsplit(values["storage_url"])
    if storage.scheme == "file" and storage.netloc:
        raise SettingsError("STORAGE_URL", "names a host", "Write a folder with three slashes: file:///srv/4cat.")
