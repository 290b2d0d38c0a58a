"""What is kept of imageboards: the statements on the tables in `database.sql`."""
