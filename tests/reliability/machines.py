"""Machines for a test: network namespaces, each with its own address and host name, on one bridge.

The bridge belongs to the machine that runs the tests. There PostgreSQL, Redis and an S3 server listen, each at an
address of its own, so that a machine can lose one of them alone. A link can be closed, so that sending fails at once,
or fall silent, so that what is sent is swallowed and nobody says so.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from app.local.identity import choose_identity, die_with_parent
from app.local.postgres import DATABASE, USER, Postgres, find_programs
from app.local.server import Server
from app.local.valkey import find_program
from tests.conftest import ROOT, Process, wait_for

_MARK = "c4"
_NOBODY = "02:00:00:00:00:01"
_BLOCKED, _FORWARDING = "0", "3"
_PASSWORD = "between-machines"
_PATH = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin{os.pathsep}/sbin"
_BECOME = 'echo "$0" > /proc/sys/kernel/hostname && exec "$@"'


def _run(*command: str, check: bool = True) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=20, env={**os.environ, "PATH": _PATH}
    )
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def why_not() -> str | None:
    """Why no machines can be made here, or None."""
    for program, package in (("ip", "iproute2"), ("bridge", "iproute2"), ("unshare", "util-linux")):
        if shutil.which(program, path=_PATH) is None:
            return f"there is no program {program}; Debian's package {package} has it"
    name = f"{_MARK}-{os.getpid():x}-try"
    try:
        _run("ip", "netns", "add", name)
        _run("ip", "link", "add", name, "type", "bridge")
    except RuntimeError as error:
        return f"this needs the right to make network namespaces and links ({error})"
    finally:
        _run("ip", "link", "del", name, check=False)
        _run("ip", "netns", "del", name, check=False)
    return None


class Machine:
    """One machine on the network. What it starts has its host name, its address and its data folder."""

    def __init__(self, name: str, address: str, namespace: str, port: str, folder: Path) -> None:
        self.name = name
        self.address = address
        self.folder = folder
        self._namespace = namespace
        self._port = port
        self._lost: set[str] = set()

    def start(self, environment: dict[str, str], *arguments: str) -> Process:
        """Start Python on this machine, such as `start(environment, "-m", "app.runner")`."""
        self.folder.mkdir(exist_ok=True)
        log = self.folder / f"{len(list(self.folder.glob('*.log')))}.log"
        command = ["ip", "netns", "exec", self._namespace, "unshare", "--uts", "sh", "-c", _BECOME, self.name]
        with log.open("w") as opened:
            return subprocess.Popen(
                [*command, sys.executable, *arguments],
                cwd=ROOT,
                env={**environment, "PATH": _PATH, "DATA_DIR": str(self.folder)},
                stdout=opened,
                stderr=opened,
                text=True,
                preexec_fn=_ends_with_this_process(),  # noqa: PLW1509 - the tests have one thread
            )

    def close_link(self) -> None:
        """Cut it off, so that it knows: whatever it sends fails at once."""
        self._ip("link", "set", "eth0", "down")

    def silence_link(self) -> None:
        """Cut it off without a word: the link is up, and nothing comes through."""
        _run("bridge", "link", "set", "dev", self._port, "state", _BLOCKED)

    def lose(self, address: str) -> None:
        """Let one address fall silent for it: what it sends there goes to nobody, and nothing comes from there."""
        self._ip("neigh", "replace", address, "lladdr", _NOBODY, "dev", "eth0", "nud", "permanent")
        _run("ip", "rule", "add", "from", address, "to", self.address, "blackhole")
        self._lost.add(address)

    def heal(self) -> None:
        """Give it back all it has lost."""
        self._ip("link", "set", "eth0", "up")
        _run("bridge", "link", "set", "dev", self._port, "state", _FORWARDING)
        while self._lost:
            address = self._lost.pop()
            _run("ip", "rule", "del", "from", address, "to", self.address, "blackhole")
            self._ip("neigh", "del", address, "dev", "eth0")

    def processes(self) -> list[int]:
        """The ids of all processes on it."""
        return [int(pid) for pid in _run("ip", "netns", "pids", self._namespace).split()]

    def _ip(self, *arguments: str) -> None:
        _run("ip", "-n", self._namespace, *arguments)


class Network:
    """Machines on a bridge, and the addresses of the servers they share. Named after the process that made it."""

    def __init__(self, folder: Path) -> None:
        _sweep()
        self._folder = folder
        self._mark = f"{_MARK}-{os.getpid():x}"
        self.subnet = _free_subnet()
        self.database, self.redis, self.s3 = (str(self.subnet[last]) for last in (11, 12, 13))
        self.machines: list[Machine] = []
        _run("ip", "link", "add", self._mark, "type", "bridge")
        for address in (self.database, self.redis, self.s3):
            _run("ip", "addr", "add", f"{address}/{self.subnet.prefixlen}", "dev", self._mark)
        _run("ip", "link", "set", self._mark, "up")

    def add(self, name: str) -> Machine:
        """Put one more machine on the network."""
        namespace, port = f"{self._mark}-{name}", f"{self._mark}-{len(self.machines)}"
        _run("ip", "netns", "add", namespace)
        _run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        _run("ip", "link", "set", port, "master", self._mark, "up")
        address = str(self.subnet[101 + len(self.machines)])
        _run("ip", "-n", namespace, "addr", "add", f"{address}/{self.subnet.prefixlen}", "dev", "eth0")
        _run("ip", "-n", namespace, "link", "set", "eth0", "up")
        _run("ip", "-n", namespace, "link", "set", "lo", "up")
        self.machines.append(Machine(name, address, namespace, port, self._folder / name))
        return self.machines[-1]

    def close(self) -> None:
        """Take it all away: processes, namespaces and links."""
        _remove(self._mark)


def _free_subnet() -> ipaddress.IPv4Network:
    """A subnet, of those set aside for tests of networks, that this machine has no address in."""
    subnets = list(ipaddress.ip_network("198.18.0.0/15").subnets(new_prefix=24))
    taken = _run("ip", "-o", "-4", "addr", "show")
    start = os.getpid()
    for step in range(len(subnets)):
        subnet = subnets[(start + step) % len(subnets)]
        if f" {str(subnet)[: -len('0/24')]}" not in taken:
            assert isinstance(subnet, ipaddress.IPv4Network)
            return subnet
    raise RuntimeError("all networks of 198.18.0.0/15 are taken")


def _sweep() -> None:
    """Take away what a process that was killed has left."""
    names = _run("ip", "netns", "list") + _run("ip", "-o", "link", "show", "type", "bridge")
    for pid in set(re.findall(rf"\b{_MARK}-([0-9a-f]+)\b", names)):
        if not Path(f"/proc/{int(pid, 16)}").exists():
            _remove(f"{_MARK}-{pid}")


def _remove(mark: str) -> None:
    namespaces = [line.split()[0] for line in _run("ip", "netns", "list").splitlines() if line.startswith(f"{mark}-")]
    for namespace in namespaces:
        for pid in _run("ip", "netns", "pids", namespace, check=False).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        _run("ip", "netns", "del", namespace, check=False)
    addresses = re.findall(r"inet ([0-9.]+)/", _run("ip", "-o", "-4", "addr", "show", "dev", mark, check=False))
    for rule in re.findall(r"from (\S+) to (\S+) blackhole", _run("ip", "rule", "show")):
        if rule[0] in addresses:
            _run("ip", "rule", "del", "from", rule[0], "to", rule[1], "blackhole", check=False)
    _run("ip", "link", "del", mark, check=False)


@contextlib.contextmanager
def network(folder: Path) -> Iterator[Network]:
    """A network for the time of a `with` block; the test is skipped, with the reason, where none can be made."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    made = Network(folder)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def servers(network: Network, folder: Path) -> Iterator[dict[str, str]]:
    """PostgreSQL, Redis and S3, listening on the bridge; gives the settings that name them, and the keys of S3."""
    with ExitStack() as stack:
        for start in (_postgres, _redis, _s3):
            stack.callback(start(network, folder).stop)
        endpoint = f"http://{network.s3}:9000"
        wait_for(lambda: _makes_bucket(f"{endpoint}/results"), "the S3 server", 60)
        yield {
            "DATABASE_URL": f"postgresql://{USER}:{_PASSWORD}@{network.database}:5432/{DATABASE}",
            "REDIS_URL": f"redis://:{_PASSWORD}@{network.redis}:6379/0",
            "STORAGE_URL": f"s3://results/machines?endpoint={endpoint}&timeout=2",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }


def _postgres(network: Network, folder: Path) -> Server:
    """The database that an embedded PostgreSQL makes, served to the whole network instead."""
    data, log = folder / "postgresql", folder / "postgresql.log"
    made = Postgres(data, log, _PASSWORD)
    made.start()
    made.stop()
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {network.subnet} scram-sha-256\n")
    program = find_programs() / "postgres"
    settings = {"listen_addresses": network.database, "unix_socket_directories": "", "max_connections": "200"}
    server = Server("PostgreSQL", log, signal.SIGINT)
    server.launch(
        [program, "-D", data, *(f"--{name}={value}" for name, value in settings.items())],
        data,
        choose_identity(program).prepare(signal.SIGINT),
    )
    server.wait_until(lambda: _answers(network.database, 5432))
    return server


def _redis(network: Network, folder: Path) -> Server:
    server = Server("Redis", folder / "redis.log", signal.SIGTERM)
    command: list[str | Path] = [
        find_program(),
        "--bind",
        network.redis,
        "--requirepass",
        _PASSWORD,
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    server.launch(command, folder, _ends_with_this_process())
    server.wait_until(lambda: _answers(network.redis, 6379))
    return server


def _s3(network: Network, folder: Path) -> Server:
    server = Server("S3", folder / "s3.log", signal.SIGTERM)
    command = [sys.executable, "-m", "moto.server", "-H", network.s3, "-p", "9000"]
    server.launch(command, folder, _ends_with_this_process())
    server.wait_until(lambda: _answers(network.s3, 9000))
    return server


def _ends_with_this_process() -> Callable[[], None]:
    parent = os.getpid()
    return lambda: die_with_parent(signal.SIGTERM, parent)


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True


def _makes_bucket(url: str) -> bool:
    try:
        return requests.put(url, timeout=10).status_code == 200
    except requests.ConnectionError:
        return False
