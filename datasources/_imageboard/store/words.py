"""The words that posts have used: noted with each post, and gathered now and then."""

GATHER_WORDS = (
    "WITH taken AS (DELETE FROM imageboard_new_words RETURNING word) INSERT INTO imageboard_words (word)"
    " SELECT DISTINCT word FROM taken ORDER BY word ON CONFLICT DO NOTHING"
)
"""SQL that moves what was noted to the words. Several may do it at once: each note is taken by one of them."""
