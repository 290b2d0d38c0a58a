-- What imageboards have shown, by source and board. Each data source is a partition, made by its own database.sql.
-- Applied again at every migration, so everything here may be done twice. What is compared most, the words and what keys
-- begin with, has the collation "C": bytes are compared, whatever the language of the database, and several times as fast.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE SEQUENCE IF NOT EXISTS imageboard_post_numbers;
CREATE SEQUENCE IF NOT EXISTS imageboard_version_numbers;

CREATE TABLE IF NOT EXISTS imageboard_threads (
    source          text COLLATE "C" NOT NULL,
    board           text COLLATE "C" NOT NULL,
    id              bigint NOT NULL,
    created         timestamptz,
    seen            timestamptz NOT NULL,       -- first seen in the index of the board
    listed          timestamptz NOT NULL,       -- last seen with another mark; once it has vanished, last seen there
    vanished        timestamptz,                -- first seen to be missing there; NULL while it is there
    scraped         timestamptz,                -- last read, or found unchanged
    turn            timestamptz,                -- last asked for in its turn, without that its mark had changed
    modified        timestamptz,                -- last changed, as the board says
    mark            text,                        -- what the index says of it, which changes when it does
    due             timestamptz,                -- since when it is to be read: changed, or vanished, and not read since
    failure         text,                        -- why it could not be read when it was last asked for
    archived        timestamptz,
    deleted         timestamptz,                -- seen to be gone without having been archived
    is_sticky       boolean NOT NULL DEFAULT false,
    is_closed       boolean NOT NULL DEFAULT false,
    is_cyclical     boolean NOT NULL DEFAULT false,
    rolls           boolean NOT NULL DEFAULT false, -- was sticky or cyclical at some time: its oldest replies drop off
    bump_limit      boolean NOT NULL DEFAULT false,
    image_limit     boolean NOT NULL DEFAULT false,
    replies         integer NOT NULL DEFAULT 0,
    images          integer NOT NULL DEFAULT 0,
    posters         integer,
    last_post       bigint,
    etag            text,                        -- for the next conditional request
    last_modified   text,
    dated           timestamptz,                -- when its page had changed that was read last, as it said itself
    PRIMARY KEY (source, board, id)
) PARTITION BY LIST (source);
CREATE INDEX IF NOT EXISTS imageboard_threads_open ON imageboard_threads (source, board)
    WHERE archived IS NULL AND deleted IS NULL AND mark IS NOT NULL;

-- The threads of a board in the order of its index, whenever it was another one: a row for a look, whatever has moved.
CREATE TABLE IF NOT EXISTS imageboard_orders (
    source          text COLLATE "C" NOT NULL,
    board           text COLLATE "C" NOT NULL,
    seen            timestamptz NOT NULL,
    threads         bigint[] NOT NULL,
    PRIMARY KEY (source, board, seen)
);

-- The places of each thread in the index, 1 being the first, and since when: read from the orders while it was listed.
CREATE OR REPLACE VIEW imageboard_positions AS
    SELECT source, board, thread_id, seen, position FROM (
        SELECT t.source, t.board, t.id AS thread_id, o.seen, array_position(o.threads, t.id) AS position,
            lag(array_position(o.threads, t.id)) OVER (PARTITION BY t.source, t.board, t.id ORDER BY o.seen) AS before
        FROM imageboard_threads t JOIN imageboard_orders o ON o.source = t.source AND o.board = t.board
            AND o.seen >= t.seen AND o.seen < coalesce(t.vanished, CASE WHEN t.archived IS NOT NULL
            OR t.deleted IS NOT NULL THEN coalesce(t.scraped, t.listed) END, 'infinity')
    ) AS places WHERE position IS NOT NULL AND position IS DISTINCT FROM before;

CREATE TABLE IF NOT EXISTS imageboard_posts (
    source          text COLLATE "C" NOT NULL,
    board           text COLLATE "C" NOT NULL,
    id              bigint NOT NULL,
    number          bigint NOT NULL DEFAULT nextval('imageboard_post_numbers'), -- in the order of being stored
    thread_id       bigint NOT NULL,
    created         timestamptz NOT NULL,
    seen            timestamptz NOT NULL,
    deleted         timestamptz,
    subject         text,
    body            text,                        -- HTML as the board gives it
    author          text,
    author_trip     text,
    author_type     text,                        -- id of the poster in the thread
    author_type_id  text,                        -- capcode
    country_code    text,                        -- a board's own flag has the prefix t_
    country_name    text,
    image_file      text,                        -- as its poster called it
    image_4chan     text,                        -- as the board calls it
    image_url       text,
    image_md5       text,                        -- hexadecimal
    image_width     integer,
    image_height    integer,
    image_filesize  bigint,
    semantic_url    text,
    unsorted_data   jsonb NOT NULL DEFAULT '{}',
    subject_words   text COLLATE "C" NOT NULL DEFAULT '', -- what is searched: words with a space before and after each
    body_words      text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (source, board, id)
) PARTITION BY LIST (source);
CREATE INDEX IF NOT EXISTS imageboard_posts_thread ON imageboard_posts (source, board, thread_id, id);
CREATE INDEX IF NOT EXISTS imageboard_posts_created ON imageboard_posts (source, board, created);
CREATE INDEX IF NOT EXISTS imageboard_posts_number ON imageboard_posts (number);
CREATE INDEX IF NOT EXISTS imageboard_posts_image ON imageboard_posts (image_md5) WHERE image_md5 IS NOT NULL;
CREATE INDEX IF NOT EXISTS imageboard_posts_body_words ON imageboard_posts USING gin (string_to_array(body_words, ' '));
CREATE INDEX IF NOT EXISTS imageboard_posts_subject_words
    ON imageboard_posts USING gin (string_to_array(subject_words, ' ')) WHERE subject_words <> '';

-- Every word that posts have used. Of a word with a star the words that fit it are looked up here, and then the posts in
-- the indexes above: an index of the parts of words of all posts is five times their size, and slower to keep up. What a
-- statement brings that is not among them is noted beside it, in the same transaction, so that those who store never wait
-- for each other; the task gather-board-words moves it here. A search looks in both.
CREATE TABLE IF NOT EXISTS imageboard_words (word text COLLATE "C" PRIMARY KEY);
CREATE INDEX IF NOT EXISTS imageboard_words_parts ON imageboard_words USING gin (word gin_trgm_ops);
CREATE TABLE IF NOT EXISTS imageboard_new_words (word text COLLATE "C" NOT NULL);
CREATE OR REPLACE FUNCTION imageboard_note_words() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off AS $$ -- each word is looked up, never all of the table read
BEGIN
    INSERT INTO imageboard_new_words (word)
        SELECT word FROM (
            SELECT DISTINCT unnest(string_to_array(body_words || subject_words, ' ')) AS word FROM stored
        ) AS said WHERE word <> '' AND NOT EXISTS (SELECT FROM imageboard_words known WHERE known.word = said.word);
    RETURN NULL;
END
$$;
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = 'imageboard_posts'::regclass AND tgname = 'imageboard_posts_words'
    ) THEN  -- without asking for a lock on a table that is written to all the time
        CREATE TRIGGER imageboard_posts_words AFTER INSERT ON imageboard_posts
            REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION imageboard_note_words();
        CREATE TRIGGER imageboard_posts_new_words AFTER UPDATE ON imageboard_posts
            REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION imageboard_note_words();
    END IF;
END
$$;

-- What a post said before it was changed; seen is when the change was seen.
CREATE TABLE IF NOT EXISTS imageboard_versions (
    source          text COLLATE "C" NOT NULL,
    board           text COLLATE "C" NOT NULL,
    id              bigint NOT NULL,
    seen            timestamptz NOT NULL,
    subject         text,
    body            text,
    number          bigint NOT NULL DEFAULT nextval('imageboard_version_numbers'), -- in the order of being stored
    PRIMARY KEY (source, board, id, seen)
);
CREATE INDEX IF NOT EXISTS imageboard_versions_number ON imageboard_versions (number);

-- What became of threads and posts, as it was seen: deleted, restored, archived, stuck, unstuck, closed, opened,
-- file-deleted.
CREATE TABLE IF NOT EXISTS imageboard_events (
    number          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source          text COLLATE "C" NOT NULL,
    board           text COLLATE "C" NOT NULL,
    thread_id       bigint NOT NULL,
    id              bigint,                      -- the post; NULL for the whole thread
    seen            timestamptz NOT NULL,
    event           text NOT NULL
);
CREATE INDEX IF NOT EXISTS imageboard_events_seen ON imageboard_events (source, board, seen);
CREATE INDEX IF NOT EXISTS imageboard_events_thread ON imageboard_events (source, board, thread_id);

-- Images by content, whichever posts show them.
CREATE TABLE IF NOT EXISTS imageboard_images (
    md5             text PRIMARY KEY,
    state           text NOT NULL CHECK (state IN ('stored', 'missing', 'refused', 'different')),
    name            text,                        -- in storage
    bytes           bigint,
    reason          text,
    checked         timestamptz NOT NULL
);

-- Images that have been asked for and of which nothing is known yet: what a failed download would lose.
CREATE TABLE IF NOT EXISTS imageboard_asked_images (
    source          text COLLATE "C" NOT NULL,
    md5             text NOT NULL,
    url             text NOT NULL,
    began           timestamptz NOT NULL DEFAULT clock_timestamp(),
    asked           timestamptz NOT NULL DEFAULT clock_timestamp(), -- for the last time
    PRIMARY KEY (source, md5)
);
CREATE INDEX IF NOT EXISTS imageboard_asked_images_asked ON imageboard_asked_images (source, asked);

-- When a board's index was read, as stretches of time with the same outcome; what lies between is a gap.
CREATE TABLE IF NOT EXISTS imageboard_coverage (
    source          text COLLATE "C" NOT NULL,
    board           text COLLATE "C" NOT NULL,
    began           timestamptz NOT NULL,
    ended           timestamptz NOT NULL,
    outcome         text NOT NULL CHECK (outcome IN ('read', 'failed')),
    reason          text NOT NULL DEFAULT '',
    interval        integer NOT NULL,
    etag            text,
    last_modified   text,
    dated           timestamptz,                -- when the page had changed that was read last, as it said itself
    PRIMARY KEY (source, board, began)
);

-- Times in which threads of a board were to be read and were not. Each look at the index tells which these are.
CREATE TABLE IF NOT EXISTS imageboard_unread (
    source          text COLLATE "C" NOT NULL,
    board           text COLLATE "C" NOT NULL,
    noticed         timestamptz NOT NULL,        -- the look that found some first
    began           timestamptz NOT NULL,        -- since when the first of them was to be read
    looked          timestamptz NOT NULL,        -- the last look that found some
    ended           timestamptz,                -- the look that found none any more; NULL while there are some
    threads         integer NOT NULL,            -- how many at once, at most
    failed          integer NOT NULL,            -- how many of them had been asked for in vain, at most
    reason          text NOT NULL,               -- why, of one of these
    PRIMARY KEY (source, board, noticed)
);
CREATE UNIQUE INDEX IF NOT EXISTS imageboard_unread_open ON imageboard_unread (source, board) WHERE ended IS NULL;

-- Posts by day. What each statement stores is noted beside it, in the same transaction, so nothing is counted twice or not
-- at all; the task count-board-posts adds the notes up. Were the days themselves written, those who store would wait for
-- each other.
CREATE TABLE IF NOT EXISTS imageboard_days (
    source          text COLLATE "C" NOT NULL,
    board           text COLLATE "C" NOT NULL,
    day             date NOT NULL,               -- in UTC
    posts           bigint NOT NULL,
    PRIMARY KEY (source, board, day)
);
CREATE TABLE IF NOT EXISTS imageboard_uncounted (
    source          text COLLATE "C" NOT NULL,
    board           text COLLATE "C" NOT NULL,
    day             date NOT NULL,
    posts           bigint NOT NULL
);
CREATE OR REPLACE FUNCTION imageboard_note_posts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO imageboard_uncounted (source, board, day, posts)
        SELECT source, board, (created AT TIME ZONE 'UTC')::date, count(*) FROM stored GROUP BY 1, 2, 3;
    RETURN NULL;
END
$$;
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgrelid = 'imageboard_posts'::regclass AND tgname = 'imageboard_posts_note'
    ) THEN  -- without asking for a lock on a table that is written to all the time
        CREATE TRIGGER imageboard_posts_note AFTER INSERT ON imageboard_posts
            REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION imageboard_note_posts();
    END IF;
END
$$;

-- Files that were imported, each with the place behind the last block that is stored.
CREATE TABLE IF NOT EXISTS imageboard_imports (
    source          text COLLATE "C" NOT NULL,
    board           text COLLATE "C" NOT NULL,
    file            text NOT NULL,               -- what the file is known again by
    name            text NOT NULL,
    options         text NOT NULL,
    position        bigint NOT NULL DEFAULT 0,
    line            bigint NOT NULL DEFAULT 1,
    counts          jsonb NOT NULL DEFAULT '{}',
    began           timestamptz NOT NULL DEFAULT now(),
    changed         timestamptz NOT NULL DEFAULT now(),
    finished        timestamptz,
    PRIMARY KEY (source, board, file)
);

-- What each index of the search server Sphinx holds, whenever it was built. An index says of which build it is by a mark.
CREATE TABLE IF NOT EXISTS imageboard_indexes (
    build           bigint PRIMARY KEY,          -- drawn at random, so that an index of another database is not mistaken
    source          text COLLATE "C" NOT NULL,
    part            text NOT NULL CHECK (part IN ('main', 'delta')),
    after           bigint NOT NULL,             -- it holds the posts with numbers behind this one
    upto            bigint NOT NULL,             -- and up to this one
    versions        bigint NOT NULL,             -- texts as they were when so many versions had been stored
    began           timestamptz NOT NULL DEFAULT clock_timestamp(),
    built           timestamptz                  -- when it was ready to be served
);
CREATE INDEX IF NOT EXISTS imageboard_indexes_began ON imageboard_indexes (source, part, began);
