"""The form with which posts are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from app.plugins import Choice, DateRange, Number, Period, Text, Toggle

POSTS, FULL, DENSE, IDS, SAMPLE = "posts-only", "full-threads", "dense-threads", "match-ids", "random-sample"
SCOPES = {
    POSTS: "Posts that match",
    FULL: "Whole threads in which a post matches",
    DENSE: "Whole threads in which many posts match",
    IDS: "Posts with these numbers",
    SAMPLE: "A random sample of the posts that match",
}
MOST_IDS = 100_000

HELP = (
    'All of these words, in any order. `coffee | tea`: one of them. `"hot coffee"`: one after the other.'
    " `-decaf`: not this word. `coff*`: any ending."
)
QUERY_GUIDE = (
    (("coffee milk",), "both words, in any order"),
    (("coffee | tea",), "one of the words; binds closer than the space: `hot coffee | tea` is `hot (coffee | tea)`"),
    (('"hot coffee"',), "these words, one after the other"),
    (("-decaf", "!decaf"), "not this word; something must be wanted beside it"),
    (("coff*", "*offee", "c*fee"), "words with anything in place of the star; three letters at least beside it"),
    (("^coffee", "coffee$"), "this word at the very start or end"),
    (("coffee << milk",), "the first somewhere before the second"),
    (("(black coffee) | tea",), "brackets hold together what belongs together"),
)
"""How queries are written, as the form shows it: examples, and what they find."""


@dataclass(frozen=True)
class SearchOptions:
    """Which posts."""

    board: str = Text("Boards", help="Names with commas between them; all boards that are kept when left empty.")
    body_match: str = Text("Text contains", help=HELP)
    subject_match: str = Text("Subject contains", help="In the same way. Few posts but the first of a thread have one.")
    daterange: Period = DateRange("Posted in this period", help="One of the two ends may be left open.")
    get_deleted: bool = Toggle("Include deleted posts", help="Those that were kept before they were deleted.")
    search_scope: str = Choice("What to get", SCOPES)
    scope_density: int = Number(
        "Percentage of posts that match", 15, minimum=1, maximum=100, requires={"search_scope": DENSE}
    )
    scope_length: int = Number(
        "More posts than",
        30,
        minimum=1,
        maximum=100_000,
        help="Threads with as many posts or fewer are left out.",
        requires={"search_scope": DENSE},
    )
    valid_ids: str = Text(
        "Numbers of posts",
        long=True,
        help=f"With commas, spaces or line ends between them; {MOST_IDS:,} at most.",
        requires={"search_scope": IDS},
    )
    sample_size: int = Number(
        "Size of the sample", 5_000, minimum=1, maximum=1_000_000, requires={"search_scope": SAMPLE}
    )
