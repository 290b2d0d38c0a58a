"""A client that openapi-python-client makes of the description: typed, and it works against the running server."""

from __future__ import annotations

import importlib
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.api.openapi_plugins import options_name
from app.domain.user import User
from app.services.context import Context
from app.services.token import create_token
from tests.conftest import POSTS, ROOT, wait_for

PACKAGE = "fourcat_client"


@pytest.fixture
def generated(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a client that has just been made, which can be imported. A warning of its maker is an error."""
    made = tmp_path / "made" / PACKAGE
    subprocess.run(
        [
            *(str(Path(sys.executable).parent / "openapi-python-client"), "generate", "--fail-on-warning"),
            *("--url", f"{server}/api/openapi.json", "--config", str(ROOT / "tests" / "api" / "generator.yaml")),
            *("--meta", "none", "--output-path", str(made)),
        ],
        check=True,
        timeout=240,
        capture_output=True,
    )
    monkeypatch.syspath_prepend(str(made.parent))
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def part(name: str) -> Any:
    """A module of the client."""
    return importlib.import_module(f"{PACKAGE}.{name}")


@pytest.mark.slow
@pytest.mark.usefixtures("workers")
def test_a_generated_client_uploads_runs_and_reads(ctx: Context, user: User, server: str, generated: Path) -> None:
    token = create_token(ctx, user, "client")[1]
    models, types = part("models"), part("types")
    for type_ in [*ctx.registry.processors, *ctx.registry.datasources]:
        assert hasattr(models, options_name(type_)), type_

    with part("client").AuthenticatedClient(base_url=server, token=token) as client:
        use(client, models, types)


def use(client: Any, models: Any, types: Any) -> None:
    """Upload posts, count them by day, read the counts; then make a mistake."""
    one = part("api.datasets.get_datasets_key")

    def ended(key: str) -> Any:
        def look() -> Any:
            found = one.sync(key, client=client)
            return found if found.status not in ("waiting", "running") else None

        return wait_for(look, f"dataset {key}", 120)

    file = types.File(payload=io.BytesIO(POSTS), file_name="posts.csv", mime_type="text/csv")
    options = models.UploadOptions(delimiter="comma", strip_html=True)
    body = models.Upload(file=file, parameters=options, label="Made by a client")
    posts = part("api.datasets.post_datasets_upload").sync(client=client, body=body)
    assert (posts.label, posts.status.value) == ("Made by a client", "waiting")
    posts = ended(posts.key)
    assert (posts.status.value, posts.rows, posts.is_private) == ("finished", 60, True)
    assert posts.parameters["delimiter"] == "comma"

    wanted = models.CountPostsOptions(timeframe=models.CountPostsOptionsTimeframe.DAY, pad=False)
    count = part("api.run_metrics.run_count_posts").sync(posts.key, client=client, body=wanted)
    assert ended(count.key).status.value == "finished"
    rows = part("api.results.get_datasets_key_items").sync(count.key, client=client, sort="-date", limit=3)
    assert rows.columns == ["date", "item", "value"]
    assert rows.total > 3
    assert [row["date"] for row in rows.items] == sorted((row["date"] for row in rows.items), reverse=True)
    assert all(int(row["value"]) >= 1 for row in rows.items)

    refused = part("api.run_metrics.run_count_posts").sync_detailed(
        posts.key, client=client, body=models.CountPostsOptions(column="no such column")
    )
    assert (refused.status_code, list(refused.parsed.errors.to_dict())) == (422, ["column"])
