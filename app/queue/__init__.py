"""The queue: PostgreSQL's table of jobs is the truth, RQ the doorbell that wakes a worker process."""
