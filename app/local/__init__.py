"""One machine on its own: embedded PostgreSQL and Redis, the processes of the Procfile, and the demonstration."""
