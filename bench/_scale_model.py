"""What measured costs come to at two sites: a university and a national service. Arithmetic, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from bench._tables import Report, figure

DAY = 86_400
PEAK = 10
SERVED = 3
HEARTBEAT = 2
JOB_SECONDS = 5
USABLE = 0.7
DATABASE_CORES = 8
DATABASE_CONNECTIONS = 500
BUSIEST_TYPE = 0.3
LOG_LINES = 3
CLIENT_BYTES = 20_000
BELL_BYTES = 2_000


@dataclass(frozen=True)
class Measured:
    """What the model builds on: milliseconds of processor time a job, jobs a second, bytes, connections."""

    dataset_postgres: float
    dataset_redis: float
    dataset_workers: float
    connect: float
    beat: float
    one_type: float
    row_bytes: dict[str, float]
    wal_bytes: float
    connections: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Site:
    """A site: how much is asked of it, and of what it consists."""

    name: str
    jobs_a_day: int
    web_processes: int
    managers: int

    @property
    def peak(self) -> float:
        """Jobs a second in the busiest minutes."""
        return PEAK * self.jobs_a_day / DAY

    @property
    def served(self) -> float:
        """Jobs a second that its workers can do: what is asked beyond that waits."""
        return SERVED * self.jobs_a_day / DAY


SITES = (Site("university", 10_000, 2, 2), Site("national", 10_000_000, 100, 100))


def connections(site: Site, measured: Measured, server: str, running: float) -> float:
    """Connections to a server: for each kind of process, how many there are times what one holds."""
    counts = {
        "web process": site.web_processes,
        "manager": site.managers,
        "worker": running,
        "watcher": running,
        "scheduler": 2,
    }
    return sum(count * measured.connections.get(role, {}).get(server, 0) for role, count in counts.items())


def demand(site: Site, measured: Measured) -> list[tuple[str, str]]:
    """What a site asks for, with how it is reckoned."""
    average, peak = site.jobs_a_day / DAY, site.peak
    running, around = peak * JOB_SECONDS, measured.dataset_workers / 1000
    row = measured.row_bytes
    stored = row["datasets"] + LOG_LINES * row["dataset_logs"]
    bells = running * BELL_BYTES + connections(site, measured, "Redis", running) * CLIENT_BYTES
    spent = peak * measured.dataset_postgres / 1000 + running / HEARTBEAT * measured.beat / 1000
    return [
        ("jobs a second, average", figure(average)),
        (f"jobs a second at the peak ({PEAK} x average)", figure(peak)),
        (f"jobs at work at the peak, if none waits (peak x {JOB_SECONDS} s)", figure(running)),
        (f"the same on average (average x {JOB_SECONDS} s)", figure(average * JOB_SECONDS)),
        (f"cores of workers that serve {SERVED} x average", figure(site.served * (JOB_SECONDS + around))),
        ("of these for what surrounds the work", figure(site.served * around)),
        (f"heartbeats a second at the peak (one in {HEARTBEAT} s)", figure(running / HEARTBEAT)),
        ("cores of PostgreSQL at the peak", figure(spent)),
        ("of these for making connections", figure(peak * measured.connect / 1000)),
        ("cores of Redis at the peak", figure(peak * measured.dataset_redis / 1000)),
        ("connections to PostgreSQL at the peak", figure(connections(site, measured, "PostgreSQL", running))),
        ("connections to Redis at the peak", figure(connections(site, measured, "Redis", running))),
        ("starts a second of the busiest type (30 % of all)", figure(peak * BUSIEST_TYPE)),
        ("MB in Redis at the peak (2 kB a bell, 20 kB a connection)", figure(bells / 1e6)),
        (f"GB of rows a year (a dataset and {LOG_LINES} lines of log)", figure(site.jobs_a_day * 365 * stored / 1e9)),
        ("GB of write-ahead log a day", figure(site.jobs_a_day * measured.wal_bytes / 1e9)),
    ]


def limits(measured: Measured) -> list[tuple[str, float, str]]:
    """What gives out at how many jobs a second, and what is changed then."""
    national = SITES[1]
    others = connections(national, measured, "PostgreSQL", 0)
    beats = measured.beat * JOB_SECONDS / HEARTBEAT
    cores = 1000 * USABLE * DATABASE_CORES
    pooled = measured.dataset_postgres - measured.connect + beats
    return [
        (
            f"PostgreSQL's connections, {DATABASE_CONNECTIONS} of them",
            max(DATABASE_CONNECTIONS - others, 0) / JOB_SECONDS,
            "PgBouncer in transaction mode",
        ),
        ("starts of one type, if it is 30 % of all", measured.one_type / BUSIEST_TYPE, "see below"),
        (
            f"PostgreSQL's processors, {DATABASE_CORES} cores",
            cores / (measured.dataset_postgres + beats),
            "PgBouncer: no connection is made for a job",
        ),
        (f"the same behind PgBouncer, {DATABASE_CORES} cores", cores / pooled, "more cores"),
        ("Redis, which computes on one core", 1000 * USABLE / measured.dataset_redis, "see below"),
    ]


def show_model(measured: Measured, report: Report) -> None:
    """Both tables."""
    asked = [demand(site, measured) for site in SITES]
    rows = [[name, value, other] for (name, value), (_, other) in zip(*asked, strict=True)]
    report.table("two sites", ["", *(f"{site.name}, {site.jobs_a_day:,} jobs a day" for site in SITES)], rows)
    found = sorted(limits(measured), key=lambda each: each[1])
    national = SITES[1]
    heads = [
        "what gives out",
        "at jobs a second",
        f"of what a national service serves, {national.served:,.0f} ({SERVED} x average)",
        f"of its peak, {national.peak:,.0f}",
        "what is changed then",
    ]
    shares = [
        [name, rate, f"{100 * rate / national.served:.0f} %", f"{100 * rate / national.peak:.0f} %", change]
        for name, rate, change in found
    ]
    report.table("limits", heads, shares)
