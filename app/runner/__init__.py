"""Inside the worker processes: the manager, what RQ calls, and what keeps schedule and queue true."""
