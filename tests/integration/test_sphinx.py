"""Sphinx finds what PostgreSQL finds, on its real programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.services.context import Context
from tests.board_posts import Here, keep, post
from tests.sphinx import Sphinx, needs_sphinx, sphinx_for

pytestmark = needs_sphinx


@pytest.fixture
def sphinx(ctx: Context, tmp_path: Path) -> Iterator[Sphinx]:
    """Sphinx chosen for fourchan; not yet started."""
    with sphinx_for(ctx, tmp_path, "fourchan") as found:
        yield found


def test_new_posts_are_found_before_and_after_they_are_indexed(ctx: Context, sphinx: Sphinx, tmp_path: Path) -> None:
    keep(ctx, [post(1, "hot coffee"), post(2, "cold tea")])
    assert sphinx.index("main") == []
    sphinx.start()
    here = Here(ctx, tmp_path, sphinx.settings)
    assert here(body_match="coffee") == [1]

    keep(ctx, [post(3, "more coffee"), post(4, "more tea")])
    assert here(body_match="coffee") == [1, 3]
    sphinx.index("delta")
    assert here(body_match="coffee") == [1, 3]
    keep(ctx, [post(5, "coffee again")])
    assert here(body_match="coffee") == [1, 3, 5]
    sphinx.index("main")
    assert here(body_match="coffee") == [1, 3, 5]
    sphinx.index("delta")
    assert here(body_match="coffee") == [1, 3, 5]
