CREATE TABLE IF NOT EXISTS eightkun_threads PARTITION OF imageboard_threads FOR VALUES IN ('eightkun');
CREATE TABLE IF NOT EXISTS eightkun_posts PARTITION OF imageboard_posts FOR VALUES IN ('eightkun');
