"""PostgreSQL and files: one file per table, plain SQL."""
