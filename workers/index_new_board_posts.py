"""Index the newest posts of imageboards for Sphinx."""

from __future__ import annotations

from datasources._imageboard.sphinx.indexing import DELTA
from datasources._imageboard.sphinx.task import IndexTask


class IndexNewBoardPosts(IndexTask):
    """Makes the delta index of each imageboard that is searched with Sphinx: what its main index does not hold."""

    type = "index-new-board-posts"
    part = DELTA
    every = 300
