CREATE TABLE IF NOT EXISTS lainchan_threads PARTITION OF imageboard_threads FOR VALUES IN ('lainchan');
CREATE TABLE IF NOT EXISTS lainchan_posts PARTITION OF imageboard_posts FOR VALUES IN ('lainchan');
