"""The doctor's look at the servers: the database and Redis, their clocks, memory and connections."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import redis

from app.local.finding import Finding
from app.queue.connection import connect_redis
from app.settings import Settings
from app.storage.database import Database
from app.storage.migrate import pending
from app.storage.overview import server_facts

_SKEW_SECONDS = 2.0
_FULL = 0.8


def look_at_database(settings: Settings) -> list[Finding]:
    """Whether the database answers, is up to date, keeps the same time, and has connections left."""
    database = Database(settings.database_url, size=1, name="4cat doctor")
    try:
        before = time.time()
        row = server_facts(database)
        skew = row["clock"].timestamp() - (before + time.time()) / 2
        missing = pending(settings.database_url)
    finally:
        database.close()
    found = [Finding("ok", "database", f"PostgreSQL {str(row['version']).split()[0]}")]
    if missing:
        found.append(Finding("FAIL", "migrations", f"{len(missing)} to be applied", "Run ./4cat migrate."))
    fact = f"{abs(skew):.1f} s between this machine and the database"
    if abs(skew) > _SKEW_SECONDS:
        found.append(Finding("FAIL", "clock", fact, "Let both machines keep time by NTP."))
    else:
        found.append(Finding("ok", "clock", fact))
    advice = "Raise max_connections of PostgreSQL, or lower DATABASE_POOL, WEB_PROCESSES or the limits of types."
    return [*found, _connections("database", row["connections"], row["max_connections"], advice)]


def look_at_redis(settings: Settings) -> list[Finding]:
    """Whether Redis answers, keeps what it is given, and has connections left."""
    with contextlib.closing(connect_redis(settings.redis_url, verify=settings.redis_tls_verify)) as client:
        try:
            facts: dict[str, Any] = client.info()
        except redis.RedisError as error:
            return [Finding("FAIL", "redis", f"does not answer: {error}", "Start it, or correct REDIS_URL.")]
    version = facts.get("valkey_version")
    server = f"Valkey {version}" if version else f"Redis {facts.get('redis_version')}"
    found = [Finding("ok", "redis", f"{server}, {facts.get('used_memory_human')} in use")]
    policy = facts.get("maxmemory_policy", "unknown")
    if policy != "noeviction":
        advice = "Set maxmemory-policy to noeviction, or the queue may lose what it holds."
        found.append(Finding("warn", "redis memory", f"its policy is {policy}", advice))
    most = facts.get("maxclients")
    if most:
        advice = "Raise maxclients of Redis, or take a larger plan; ARCHITECTURE.md counts connections per process."
        found.append(_connections("redis", int(facts["connected_clients"]), int(most), advice))
    return found


def _connections(server: str, used: int, most: int, advice: str) -> Finding:
    """How many of a server's connections are in use; a warning when few are left."""
    fact = f"{used:,} of {most:,} connections in use"
    return Finding("warn", server, fact, advice) if used > most * _FULL else Finding("ok", server, fact)
