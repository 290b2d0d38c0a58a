"""Several analyses in one."""
