"""What plain RQ does in `bench/queue.py`: a function that says when it started."""

import time


def started() -> float:
    return time.time()
