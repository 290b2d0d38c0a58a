CREATE TABLE IF NOT EXISTS eightchan_threads PARTITION OF imageboard_threads FOR VALUES IN ('eightchan');
CREATE TABLE IF NOT EXISTS eightchan_posts PARTITION OF imageboard_posts FOR VALUES IN ('eightchan');
