CREATE TABLE IF NOT EXISTS fourchan_threads PARTITION OF imageboard_threads FOR VALUES IN ('fourchan');
CREATE TABLE IF NOT EXISTS fourchan_posts PARTITION OF imageboard_posts FOR VALUES IN ('fourchan');
