"""An imageboard on this machine that lives: for tests of scrapers, and for demonstrations.

A seed decides what happens on its boards at every second: threads are born, replied to, bumped, closed, pruned and
archived; posts are deleted, come back, are edited and lose their files. It answers the read API of 4chan, and from
the same life those of vichan, infinity (8kun) and lynxchan. Its ledger knows what could be seen when.

In a test, time passes when the test says so:

    with LivingBoard(seed=1, boards=[rules_for("pol", posts_per_hour=300, pages=2)]) as site:
        threads = requests.get(f"{site.url}/pol/threads.json", timeout=5).json()
        site.advance(60)
        site.fail(next=5, status=503, retry_after=2)
        ...
        expected = site.ledger.posts_visible_for(60)

In a demonstration it passes by itself, here sixty times as fast as outside:

    python -m extras.living_board --seed 1 --speed 60 --port 8090 --boards pol,g --ledger ledger.json

Every event falls on a whole second and what happened up to a second is all there once that second has come, so a
`Last-Modified` never hides a later change of the same second. The state at a time depends on the seed, the rules and
that time alone: not on what was asked, and not on how many steps led there.
"""

from extras.living_board.board import START, LivingBoard
from extras.living_board.ledger import Ledger, PostRecord, ThreadRecord
from extras.living_board.rules import Rules, rules_for

__all__ = ["START", "Ledger", "LivingBoard", "PostRecord", "Rules", "ThreadRecord", "rules_for"]
