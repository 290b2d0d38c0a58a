"""Search in the posts that are kept: what is asked for, which engine finds it, and what of it becomes the dataset.

`options` are the form, `asked` what was chosen in it once it is understood. An engine (`engine`) gives the numbers of
the posts that match; `scopes` makes posts of these, or whole threads; `items` writes them as Arrow record batches.
"""

from datasources._imageboard.search.asked import Asked, kept_boards, read_asked
from datasources._imageboard.search.engine import PostgreSQLEngine, SearchEngine
from datasources._imageboard.search.items import COLUMNS, to_batch
from datasources._imageboard.search.options import SearchOptions
from datasources._imageboard.search.scopes import Limits, Search
from datasources._imageboard.search.sphinx import SphinxEngine

__all__ = [
    "COLUMNS",
    "Asked",
    "Limits",
    "PostgreSQLEngine",
    "Search",
    "SearchEngine",
    "SearchOptions",
    "SphinxEngine",
    "kept_boards",
    "read_asked",
    "to_batch",
]
