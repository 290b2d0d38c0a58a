"""Index the posts of imageboards for Sphinx, all of them."""

from __future__ import annotations

from datasources._imageboard.sphinx.indexing import MAIN
from datasources._imageboard.sphinx.task import IndexTask


class IndexBoardPosts(IndexTask):
    """Makes the main index of each imageboard that is searched with Sphinx anew, and writes the configuration."""

    type = "index-board-posts"
    part = MAIN
    every = 86_400
