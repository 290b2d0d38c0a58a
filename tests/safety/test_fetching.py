"""Addresses that people give are asked through the guarded visitor alone, and none leads into a private network."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import SourceError
from app.plugins.http import PublicWeb
from tests.conftest import ROOT

NETWORK = ("requests", "urllib3", "urllib.request", "http.client", "httpx", "aiohttp", "ftplib", "socket", "asyncio")
ALLOWED = {
    "app/plugins/http.py": "the guarded visitor itself",
    "app/runner/polite_web.py": "asks the hosts that data sources name in their code and settings, not those of posts",
    "app/runner/proxies.py": "asks through the proxies that the settings name, on behalf of polite_web",
    "workers/send_alerts.py": "tells the one address that an administrator has set, which may be a chat of the house",
    "app/runner/worker.py": "the name of this machine",
    "app/runner/manager.py": "the name of this machine",
    "app/runner/entry.py": "the name of this machine",
    "app/queue/jobs.py": "the name of this machine",
    "app/api/limits.py": "host names of visitors",
}
"""Who may use the network by itself, and for what. `app/local` sets up servers on this machine."""


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, also within functions, but not for the type checker alone."""
    tree = ast.parse(path.read_text())
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def test_nothing_else_asks_the_network() -> None:
    found = {}
    for folder in ("app", "processors", "datasources", "workers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            used = sorted({module for module in imported(path) if module in NETWORK})
            if used and not name.startswith("app/local/"):
                found[name] = used
    assert {name: used for name, used in found.items() if name not in ALLOWED} == {}, "use app.plugins.http.PublicWeb"


@pytest.mark.parametrize(
    "address",
    [
        "http://0177.0.0.1/", "http://0x7f.0.0.1/", "http://2130706433/", "http://127.1/", "http://0/",
        "http://017700000001/", "http://0xa9fea9fe/", "http://[::]/", "http://[::127.0.0.1]/",
        "http://[::ffff:10.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::a00:1]/",
        "http://[2002:7f00:1::]/", "http://[2002:c0a8:101::1]/", "http://[fc00::1]/", "http://[fec0::1]/",
        "http://[ff02::1]/", "http://localhost./", "http://user@127.0.0.1/", "http://192.0.2.1/", "http://255.255.255.255/",
        "gopher://example.org/", "file:///etc/passwd", "http://127.0.0.1%00.example.org/",
    ],
)  # fmt: skip
def test_every_spelling_of_a_private_address_is_refused(address: str) -> None:
    with PublicWeb(timeout=1) as web, pytest.raises(SourceError) as refused:
        web.request("GET", address)
    words = ("not on the public internet", "not a web address", "cannot be found")
    assert any(word in str(refused.value) for word in words), refused.value
