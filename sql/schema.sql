-- The schema that all migrations together make, for reading; nothing runs this file.
-- Written by: python -m app.local.schema > sql/schema.sql

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

CREATE FUNCTION annotation_checksum(item text, value text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT ('x' || encode(substring(sha256(convert_to(octet_length(item) || ':' || item || value, 'UTF8')) FOR 8), 'hex'))
        ::bit(64)::bigint
$$;

CREATE FUNCTION annotation_values_count() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE annotation_counts c SET amount = c.amount - gone.amount, checksum = c.checksum - gone.checksum
            FROM (SELECT field_id, coder, count(*) AS amount, sum(annotation_checksum(item, value)) AS checksum
                FROM before GROUP BY field_id, coder) gone
            WHERE c.field_id = gone.field_id AND c.coder = gone.coder;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO annotation_counts AS c (field_id, coder, amount, checksum, changed)
            SELECT field_id, coder, count(*), sum(annotation_checksum(item, value)), max(changed)
                FROM stored GROUP BY field_id, coder ORDER BY field_id, coder
            ON CONFLICT (field_id, coder) DO UPDATE SET amount = c.amount + excluded.amount,
                checksum = c.checksum + excluded.checksum, changed = greatest(c.changed, excluded.changed);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION imageboard_note_posts() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO imageboard_uncounted (source, board, day, posts)
        SELECT source, board, (created AT TIME ZONE 'UTC')::date, count(*) FROM stored GROUP BY 1, 2, 3;
    RETURN NULL;
END
$$;

CREATE FUNCTION imageboard_note_words() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$ -- each word is looked up, never all of the table read
BEGIN
    INSERT INTO imageboard_new_words (word)
        SELECT word FROM (
            SELECT DISTINCT unnest(string_to_array(body_words || subject_words, ' ')) AS word FROM stored
        ) AS said WHERE word <> '' AND NOT EXISTS (SELECT FROM imageboard_words known WHERE known.word = said.word);
    RETURN NULL;
END
$$;

CREATE FUNCTION jobs_leave_dataset() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM jobs WHERE dataset = OLD.key AND state <> 'running';
    UPDATE jobs SET dataset = NULL,
        cancel_requested = coalesce(cancel_requested, now()),
        remote_id = CASE WHEN cancel_requested IS NULL THEN remote_id || ' cancelled ' || id ELSE remote_id END
        WHERE dataset = OLD.key;
    RETURN OLD;
END
$$;

CREATE TABLE access_requests (
    id integer NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    affiliation text DEFAULT ''::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    decided timestamp with time zone,
    decided_by text,
    CONSTRAINT access_requests_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'approved'::text, 'refused'::text])))
);

ALTER TABLE access_requests ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME access_requests_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE annotation_counts (
    field_id bigint NOT NULL,
    coder text NOT NULL,
    amount bigint NOT NULL,
    checksum numeric NOT NULL,
    changed timestamp with time zone NOT NULL
);

CREATE TABLE annotation_fields (
    id bigint NOT NULL,
    dataset text NOT NULL,
    top text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    choices jsonb DEFAULT '[]'::jsonb NOT NULL,
    help text DEFAULT ''::text NOT NULL,
    is_blind boolean DEFAULT true NOT NULL,
    is_open boolean DEFAULT true NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT annotation_fields_kind_check CHECK ((kind = ANY (ARRAY['text'::text, 'long'::text, 'choice'::text, 'checkbox'::text])))
);

ALTER TABLE annotation_fields ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME annotation_fields_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE annotation_values (
    field_id bigint NOT NULL,
    item text NOT NULL,
    coder text NOT NULL,
    value text NOT NULL,
    changed timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE dataset_logs (
    id bigint NOT NULL,
    dataset text NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    line text NOT NULL
);

ALTER TABLE dataset_logs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME dataset_logs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE dataset_shares (
    dataset text NOT NULL,
    user_id integer,
    tag text,
    who text GENERATED ALWAYS AS (COALESCE(('user:'::text || (user_id)::text), ('tag:'::text || tag))) STORED NOT NULL,
    role text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT dataset_shares_check CHECK ((num_nonnulls(user_id, tag) = 1)),
    CONSTRAINT dataset_shares_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'viewer'::text])))
);

CREATE TABLE dataset_tags (
    dataset text NOT NULL,
    tag text NOT NULL
);

CREATE TABLE datasets (
    key text NOT NULL,
    id bigint NOT NULL,
    type text NOT NULL,
    datasource text,
    parent text,
    top text NOT NULL,
    acts_as text NOT NULL,
    label text NOT NULL,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text DEFAULT 'waiting'::text NOT NULL,
    message text DEFAULT ''::text NOT NULL,
    progress real,
    rows bigint,
    quarantined bigint DEFAULT 0 NOT NULL,
    warnings jsonb DEFAULT '[]'::jsonb NOT NULL,
    columns jsonb DEFAULT '[]'::jsonb NOT NULL,
    owner_id integer NOT NULL,
    is_private boolean DEFAULT true NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    started timestamp with time zone,
    ended timestamp with time zone,
    attach_to text,
    kind text,
    result jsonb,
    provenance jsonb DEFAULT '{}'::jsonb NOT NULL,
    work jsonb DEFAULT '{}'::jsonb NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    expires timestamp with time zone,
    is_kept boolean DEFAULT false NOT NULL,
    deleted timestamp with time zone,
    findable text GENERATED ALWAYS AS (lower("left"(((((label || ' '::text) || (jsonb_path_query_array(parameters, 'strict $.**?(@.type() == "string")'::jsonpath))::text) || ' '::text) || (columns)::text), 4000))) STORED,
    CONSTRAINT datasets_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'running'::text, 'finished'::text, 'empty'::text, 'failed'::text, 'cancelled'::text])))
);

ALTER TABLE datasets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME datasets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE SEQUENCE imageboard_post_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE imageboard_posts (
    source text NOT NULL COLLATE pg_catalog."C",
    board text NOT NULL COLLATE pg_catalog."C",
    id bigint NOT NULL,
    number bigint DEFAULT nextval('imageboard_post_numbers'::regclass) NOT NULL,
    thread_id bigint NOT NULL,
    created timestamp with time zone NOT NULL,
    seen timestamp with time zone NOT NULL,
    deleted timestamp with time zone,
    subject text,
    body text,
    author text,
    author_trip text,
    author_type text,
    author_type_id text,
    country_code text,
    country_name text,
    image_file text,
    image_4chan text,
    image_url text,
    image_md5 text,
    image_width integer,
    image_height integer,
    image_filesize bigint,
    semantic_url text,
    unsorted_data jsonb DEFAULT '{}'::jsonb NOT NULL,
    subject_words text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    body_words text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
)
PARTITION BY LIST (source);

CREATE TABLE eightchan_posts (
    source text CONSTRAINT imageboard_posts_source_not_null NOT NULL COLLATE pg_catalog."C",
    board text CONSTRAINT imageboard_posts_board_not_null NOT NULL COLLATE pg_catalog."C",
    id bigint CONSTRAINT imageboard_posts_id_not_null NOT NULL,
    number bigint DEFAULT nextval('imageboard_post_numbers'::regclass) CONSTRAINT imageboard_posts_number_not_null NOT NULL,
    thread_id bigint CONSTRAINT imageboard_posts_thread_id_not_null NOT NULL,
    created timestamp with time zone CONSTRAINT imageboard_posts_created_not_null NOT NULL,
    seen timestamp with time zone CONSTRAINT imageboard_posts_seen_not_null NOT NULL,
    deleted timestamp with time zone,
    subject text,
    body text,
    author text,
    author_trip text,
    author_type text,
    author_type_id text,
    country_code text,
    country_name text,
    image_file text,
    image_4chan text,
    image_url text,
    image_md5 text,
    image_width integer,
    image_height integer,
    image_filesize bigint,
    semantic_url text,
    unsorted_data jsonb DEFAULT '{}'::jsonb CONSTRAINT imageboard_posts_unsorted_data_not_null NOT NULL,
    subject_words text DEFAULT ''::text CONSTRAINT imageboard_posts_subject_words_not_null NOT NULL COLLATE pg_catalog."C",
    body_words text DEFAULT ''::text CONSTRAINT imageboard_posts_body_words_not_null NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE imageboard_threads (
    source text NOT NULL COLLATE pg_catalog."C",
    board text NOT NULL COLLATE pg_catalog."C",
    id bigint NOT NULL,
    created timestamp with time zone,
    seen timestamp with time zone NOT NULL,
    listed timestamp with time zone NOT NULL,
    vanished timestamp with time zone,
    scraped timestamp with time zone,
    turn timestamp with time zone,
    modified timestamp with time zone,
    mark text,
    due timestamp with time zone,
    failure text,
    archived timestamp with time zone,
    deleted timestamp with time zone,
    is_sticky boolean DEFAULT false NOT NULL,
    is_closed boolean DEFAULT false NOT NULL,
    is_cyclical boolean DEFAULT false NOT NULL,
    rolls boolean DEFAULT false NOT NULL,
    bump_limit boolean DEFAULT false NOT NULL,
    image_limit boolean DEFAULT false NOT NULL,
    replies integer DEFAULT 0 NOT NULL,
    images integer DEFAULT 0 NOT NULL,
    posters integer,
    last_post bigint,
    etag text,
    last_modified text,
    dated timestamp with time zone
)
PARTITION BY LIST (source);

CREATE TABLE eightchan_threads (
    source text CONSTRAINT imageboard_threads_source_not_null NOT NULL COLLATE pg_catalog."C",
    board text CONSTRAINT imageboard_threads_board_not_null NOT NULL COLLATE pg_catalog."C",
    id bigint CONSTRAINT imageboard_threads_id_not_null NOT NULL,
    created timestamp with time zone,
    seen timestamp with time zone CONSTRAINT imageboard_threads_seen_not_null NOT NULL,
    listed timestamp with time zone CONSTRAINT imageboard_threads_listed_not_null NOT NULL,
    vanished timestamp with time zone,
    scraped timestamp with time zone,
    turn timestamp with time zone,
    modified timestamp with time zone,
    mark text,
    due timestamp with time zone,
    failure text,
    archived timestamp with time zone,
    deleted timestamp with time zone,
    is_sticky boolean DEFAULT false CONSTRAINT imageboard_threads_is_sticky_not_null NOT NULL,
    is_closed boolean DEFAULT false CONSTRAINT imageboard_threads_is_closed_not_null NOT NULL,
    is_cyclical boolean DEFAULT false CONSTRAINT imageboard_threads_is_cyclical_not_null NOT NULL,
    rolls boolean DEFAULT false CONSTRAINT imageboard_threads_rolls_not_null NOT NULL,
    bump_limit boolean DEFAULT false CONSTRAINT imageboard_threads_bump_limit_not_null NOT NULL,
    image_limit boolean DEFAULT false CONSTRAINT imageboard_threads_image_limit_not_null NOT NULL,
    replies integer DEFAULT 0 CONSTRAINT imageboard_threads_replies_not_null NOT NULL,
    images integer DEFAULT 0 CONSTRAINT imageboard_threads_images_not_null NOT NULL,
    posters integer,
    last_post bigint,
    etag text,
    last_modified text,
    dated timestamp with time zone
);

CREATE TABLE eightkun_posts (
    source text CONSTRAINT imageboard_posts_source_not_null NOT NULL COLLATE pg_catalog."C",
    board text CONSTRAINT imageboard_posts_board_not_null NOT NULL COLLATE pg_catalog."C",
    id bigint CONSTRAINT imageboard_posts_id_not_null NOT NULL,
    number bigint DEFAULT nextval('imageboard_post_numbers'::regclass) CONSTRAINT imageboard_posts_number_not_null NOT NULL,
    thread_id bigint CONSTRAINT imageboard_posts_thread_id_not_null NOT NULL,
    created timestamp with time zone CONSTRAINT imageboard_posts_created_not_null NOT NULL,
    seen timestamp with time zone CONSTRAINT imageboard_posts_seen_not_null NOT NULL,
    deleted timestamp with time zone,
    subject text,
    body text,
    author text,
    author_trip text,
    author_type text,
    author_type_id text,
    country_code text,
    country_name text,
    image_file text,
    image_4chan text,
    image_url text,
    image_md5 text,
    image_width integer,
    image_height integer,
    image_filesize bigint,
    semantic_url text,
    unsorted_data jsonb DEFAULT '{}'::jsonb CONSTRAINT imageboard_posts_unsorted_data_not_null NOT NULL,
    subject_words text DEFAULT ''::text CONSTRAINT imageboard_posts_subject_words_not_null NOT NULL COLLATE pg_catalog."C",
    body_words text DEFAULT ''::text CONSTRAINT imageboard_posts_body_words_not_null NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE eightkun_threads (
    source text CONSTRAINT imageboard_threads_source_not_null NOT NULL COLLATE pg_catalog."C",
    board text CONSTRAINT imageboard_threads_board_not_null NOT NULL COLLATE pg_catalog."C",
    id bigint CONSTRAINT imageboard_threads_id_not_null NOT NULL,
    created timestamp with time zone,
    seen timestamp with time zone CONSTRAINT imageboard_threads_seen_not_null NOT NULL,
    listed timestamp with time zone CONSTRAINT imageboard_threads_listed_not_null NOT NULL,
    vanished timestamp with time zone,
    scraped timestamp with time zone,
    turn timestamp with time zone,
    modified timestamp with time zone,
    mark text,
    due timestamp with time zone,
    failure text,
    archived timestamp with time zone,
    deleted timestamp with time zone,
    is_sticky boolean DEFAULT false CONSTRAINT imageboard_threads_is_sticky_not_null NOT NULL,
    is_closed boolean DEFAULT false CONSTRAINT imageboard_threads_is_closed_not_null NOT NULL,
    is_cyclical boolean DEFAULT false CONSTRAINT imageboard_threads_is_cyclical_not_null NOT NULL,
    rolls boolean DEFAULT false CONSTRAINT imageboard_threads_rolls_not_null NOT NULL,
    bump_limit boolean DEFAULT false CONSTRAINT imageboard_threads_bump_limit_not_null NOT NULL,
    image_limit boolean DEFAULT false CONSTRAINT imageboard_threads_image_limit_not_null NOT NULL,
    replies integer DEFAULT 0 CONSTRAINT imageboard_threads_replies_not_null NOT NULL,
    images integer DEFAULT 0 CONSTRAINT imageboard_threads_images_not_null NOT NULL,
    posters integer,
    last_post bigint,
    etag text,
    last_modified text,
    dated timestamp with time zone
);

CREATE TABLE error_reports (
    id text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    place text NOT NULL,
    owner text DEFAULT ''::text NOT NULL,
    text text NOT NULL
);

CREATE TABLE favourites (
    user_id integer NOT NULL,
    dataset text NOT NULL
);

CREATE TABLE fourchan_posts (
    source text CONSTRAINT imageboard_posts_source_not_null NOT NULL COLLATE pg_catalog."C",
    board text CONSTRAINT imageboard_posts_board_not_null NOT NULL COLLATE pg_catalog."C",
    id bigint CONSTRAINT imageboard_posts_id_not_null NOT NULL,
    number bigint DEFAULT nextval('imageboard_post_numbers'::regclass) CONSTRAINT imageboard_posts_number_not_null NOT NULL,
    thread_id bigint CONSTRAINT imageboard_posts_thread_id_not_null NOT NULL,
    created timestamp with time zone CONSTRAINT imageboard_posts_created_not_null NOT NULL,
    seen timestamp with time zone CONSTRAINT imageboard_posts_seen_not_null NOT NULL,
    deleted timestamp with time zone,
    subject text,
    body text,
    author text,
    author_trip text,
    author_type text,
    author_type_id text,
    country_code text,
    country_name text,
    image_file text,
    image_4chan text,
    image_url text,
    image_md5 text,
    image_width integer,
    image_height integer,
    image_filesize bigint,
    semantic_url text,
    unsorted_data jsonb DEFAULT '{}'::jsonb CONSTRAINT imageboard_posts_unsorted_data_not_null NOT NULL,
    subject_words text DEFAULT ''::text CONSTRAINT imageboard_posts_subject_words_not_null NOT NULL COLLATE pg_catalog."C",
    body_words text DEFAULT ''::text CONSTRAINT imageboard_posts_body_words_not_null NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE fourchan_threads (
    source text CONSTRAINT imageboard_threads_source_not_null NOT NULL COLLATE pg_catalog."C",
    board text CONSTRAINT imageboard_threads_board_not_null NOT NULL COLLATE pg_catalog."C",
    id bigint CONSTRAINT imageboard_threads_id_not_null NOT NULL,
    created timestamp with time zone,
    seen timestamp with time zone CONSTRAINT imageboard_threads_seen_not_null NOT NULL,
    listed timestamp with time zone CONSTRAINT imageboard_threads_listed_not_null NOT NULL,
    vanished timestamp with time zone,
    scraped timestamp with time zone,
    turn timestamp with time zone,
    modified timestamp with time zone,
    mark text,
    due timestamp with time zone,
    failure text,
    archived timestamp with time zone,
    deleted timestamp with time zone,
    is_sticky boolean DEFAULT false CONSTRAINT imageboard_threads_is_sticky_not_null NOT NULL,
    is_closed boolean DEFAULT false CONSTRAINT imageboard_threads_is_closed_not_null NOT NULL,
    is_cyclical boolean DEFAULT false CONSTRAINT imageboard_threads_is_cyclical_not_null NOT NULL,
    rolls boolean DEFAULT false CONSTRAINT imageboard_threads_rolls_not_null NOT NULL,
    bump_limit boolean DEFAULT false CONSTRAINT imageboard_threads_bump_limit_not_null NOT NULL,
    image_limit boolean DEFAULT false CONSTRAINT imageboard_threads_image_limit_not_null NOT NULL,
    replies integer DEFAULT 0 CONSTRAINT imageboard_threads_replies_not_null NOT NULL,
    images integer DEFAULT 0 CONSTRAINT imageboard_threads_images_not_null NOT NULL,
    posters integer,
    last_post bigint,
    etag text,
    last_modified text,
    dated timestamp with time zone
);

CREATE TABLE idempotency_keys (
    user_id integer NOT NULL,
    key text NOT NULL,
    target text NOT NULL,
    seed text NOT NULL,
    attempt text NOT NULL,
    held_until timestamp with time zone NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    body_hash text,
    status smallint,
    headers jsonb,
    body text
);

CREATE TABLE imageboard_asked_images (
    source text NOT NULL COLLATE pg_catalog."C",
    md5 text NOT NULL,
    url text NOT NULL,
    began timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    asked timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE imageboard_coverage (
    source text NOT NULL COLLATE pg_catalog."C",
    board text NOT NULL COLLATE pg_catalog."C",
    began timestamp with time zone NOT NULL,
    ended timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    "interval" integer NOT NULL,
    etag text,
    last_modified text,
    dated timestamp with time zone,
    CONSTRAINT imageboard_coverage_outcome_check CHECK ((outcome = ANY (ARRAY['read'::text, 'failed'::text])))
);

CREATE TABLE imageboard_days (
    source text NOT NULL COLLATE pg_catalog."C",
    board text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    posts bigint NOT NULL
);

CREATE TABLE imageboard_events (
    number bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    board text NOT NULL COLLATE pg_catalog."C",
    thread_id bigint NOT NULL,
    id bigint,
    seen timestamp with time zone NOT NULL,
    event text NOT NULL
);

ALTER TABLE imageboard_events ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME imageboard_events_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE imageboard_images (
    md5 text NOT NULL,
    state text NOT NULL,
    name text,
    bytes bigint,
    reason text,
    checked timestamp with time zone NOT NULL,
    CONSTRAINT imageboard_images_state_check CHECK ((state = ANY (ARRAY['stored'::text, 'missing'::text, 'refused'::text, 'different'::text])))
);

CREATE TABLE imageboard_imports (
    source text NOT NULL COLLATE pg_catalog."C",
    board text NOT NULL COLLATE pg_catalog."C",
    file text NOT NULL,
    name text NOT NULL,
    options text NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    line bigint DEFAULT 1 NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    began timestamp with time zone DEFAULT now() NOT NULL,
    changed timestamp with time zone DEFAULT now() NOT NULL,
    finished timestamp with time zone
);

CREATE TABLE imageboard_indexes (
    build bigint NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    part text NOT NULL,
    after bigint NOT NULL,
    upto bigint NOT NULL,
    versions bigint NOT NULL,
    began timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    built timestamp with time zone,
    CONSTRAINT imageboard_indexes_part_check CHECK ((part = ANY (ARRAY['main'::text, 'delta'::text])))
);

CREATE TABLE imageboard_new_words (
    word text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE imageboard_orders (
    source text NOT NULL COLLATE pg_catalog."C",
    board text NOT NULL COLLATE pg_catalog."C",
    seen timestamp with time zone NOT NULL,
    threads bigint[] NOT NULL
);

CREATE VIEW imageboard_positions AS
 SELECT source,
    board,
    thread_id,
    seen,
    "position"
   FROM ( SELECT t.source,
            t.board,
            t.id AS thread_id,
            o.seen,
            array_position(o.threads, t.id) AS "position",
            lag(array_position(o.threads, t.id)) OVER (PARTITION BY t.source, t.board, t.id ORDER BY o.seen) AS before
           FROM (imageboard_threads t
             JOIN imageboard_orders o ON (((o.source = t.source) AND (o.board = t.board) AND (o.seen >= t.seen) AND (o.seen < COALESCE(t.vanished,
                CASE
                    WHEN ((t.archived IS NOT NULL) OR (t.deleted IS NOT NULL)) THEN COALESCE(t.scraped, t.listed)
                    ELSE NULL::timestamp with time zone
                END, 'infinity'::timestamp with time zone)))))) places
  WHERE (("position" IS NOT NULL) AND ("position" IS DISTINCT FROM before));

CREATE TABLE imageboard_uncounted (
    source text NOT NULL COLLATE pg_catalog."C",
    board text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    posts bigint NOT NULL
);

CREATE TABLE imageboard_unread (
    source text NOT NULL COLLATE pg_catalog."C",
    board text NOT NULL COLLATE pg_catalog."C",
    noticed timestamp with time zone NOT NULL,
    began timestamp with time zone NOT NULL,
    looked timestamp with time zone NOT NULL,
    ended timestamp with time zone,
    threads integer NOT NULL,
    failed integer NOT NULL,
    reason text NOT NULL
);

CREATE SEQUENCE imageboard_version_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE imageboard_versions (
    source text NOT NULL COLLATE pg_catalog."C",
    board text NOT NULL COLLATE pg_catalog."C",
    id bigint NOT NULL,
    seen timestamp with time zone NOT NULL,
    subject text,
    body text,
    number bigint DEFAULT nextval('imageboard_version_numbers'::regclass) NOT NULL
);

CREATE TABLE imageboard_words (
    word text NOT NULL COLLATE pg_catalog."C"
);

CREATE SEQUENCE job_tokens
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE jobs (
    id bigint NOT NULL,
    type text NOT NULL,
    remote_id text NOT NULL,
    owner text DEFAULT ''::text NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    dataset text,
    blocked_by text,
    state text DEFAULT 'waiting'::text NOT NULL,
    "interval" integer,
    attempts integer DEFAULT 0 NOT NULL,
    max_attempts integer DEFAULT 3 NOT NULL,
    queued timestamp with time zone DEFAULT now() NOT NULL,
    claim_after timestamp with time zone DEFAULT now() NOT NULL,
    rung timestamp with time zone,
    rings integer DEFAULT 0 NOT NULL,
    claimed timestamp with time zone,
    last_claimed timestamp with time zone,
    token bigint,
    heartbeat timestamp with time zone,
    host text,
    pid integer,
    cancel_requested timestamp with time zone,
    failed timestamp with time zone,
    error text,
    turn bigint DEFAULT 0 NOT NULL,
    away_since timestamp with time zone,
    checkpoint jsonb,
    CONSTRAINT jobs_interval_check CHECK (("interval" > 0)),
    CONSTRAINT jobs_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'rung'::text, 'running'::text, 'failed'::text])))
);

ALTER TABLE jobs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE lainchan_posts (
    source text CONSTRAINT imageboard_posts_source_not_null NOT NULL COLLATE pg_catalog."C",
    board text CONSTRAINT imageboard_posts_board_not_null NOT NULL COLLATE pg_catalog."C",
    id bigint CONSTRAINT imageboard_posts_id_not_null NOT NULL,
    number bigint DEFAULT nextval('imageboard_post_numbers'::regclass) CONSTRAINT imageboard_posts_number_not_null NOT NULL,
    thread_id bigint CONSTRAINT imageboard_posts_thread_id_not_null NOT NULL,
    created timestamp with time zone CONSTRAINT imageboard_posts_created_not_null NOT NULL,
    seen timestamp with time zone CONSTRAINT imageboard_posts_seen_not_null NOT NULL,
    deleted timestamp with time zone,
    subject text,
    body text,
    author text,
    author_trip text,
    author_type text,
    author_type_id text,
    country_code text,
    country_name text,
    image_file text,
    image_4chan text,
    image_url text,
    image_md5 text,
    image_width integer,
    image_height integer,
    image_filesize bigint,
    semantic_url text,
    unsorted_data jsonb DEFAULT '{}'::jsonb CONSTRAINT imageboard_posts_unsorted_data_not_null NOT NULL,
    subject_words text DEFAULT ''::text CONSTRAINT imageboard_posts_subject_words_not_null NOT NULL COLLATE pg_catalog."C",
    body_words text DEFAULT ''::text CONSTRAINT imageboard_posts_body_words_not_null NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE lainchan_threads (
    source text CONSTRAINT imageboard_threads_source_not_null NOT NULL COLLATE pg_catalog."C",
    board text CONSTRAINT imageboard_threads_board_not_null NOT NULL COLLATE pg_catalog."C",
    id bigint CONSTRAINT imageboard_threads_id_not_null NOT NULL,
    created timestamp with time zone,
    seen timestamp with time zone CONSTRAINT imageboard_threads_seen_not_null NOT NULL,
    listed timestamp with time zone CONSTRAINT imageboard_threads_listed_not_null NOT NULL,
    vanished timestamp with time zone,
    scraped timestamp with time zone,
    turn timestamp with time zone,
    modified timestamp with time zone,
    mark text,
    due timestamp with time zone,
    failure text,
    archived timestamp with time zone,
    deleted timestamp with time zone,
    is_sticky boolean DEFAULT false CONSTRAINT imageboard_threads_is_sticky_not_null NOT NULL,
    is_closed boolean DEFAULT false CONSTRAINT imageboard_threads_is_closed_not_null NOT NULL,
    is_cyclical boolean DEFAULT false CONSTRAINT imageboard_threads_is_cyclical_not_null NOT NULL,
    rolls boolean DEFAULT false CONSTRAINT imageboard_threads_rolls_not_null NOT NULL,
    bump_limit boolean DEFAULT false CONSTRAINT imageboard_threads_bump_limit_not_null NOT NULL,
    image_limit boolean DEFAULT false CONSTRAINT imageboard_threads_image_limit_not_null NOT NULL,
    replies integer DEFAULT 0 CONSTRAINT imageboard_threads_replies_not_null NOT NULL,
    images integer DEFAULT 0 CONSTRAINT imageboard_threads_images_not_null NOT NULL,
    posters integer,
    last_post bigint,
    etag text,
    last_modified text,
    dated timestamp with time zone
);

CREATE TABLE mails (
    id bigint NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE mails ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME mails_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE measures (
    at timestamp with time zone NOT NULL,
    facts jsonb NOT NULL
);

CREATE TABLE notifications (
    id integer NOT NULL,
    text text NOT NULL,
    user_id integer,
    tag text,
    created timestamp with time zone DEFAULT now() NOT NULL,
    created_by text DEFAULT ''::text NOT NULL,
    expires timestamp with time zone,
    stays boolean DEFAULT false NOT NULL,
    CONSTRAINT notifications_check CHECK (((user_id IS NULL) OR (tag IS NULL)))
);

CREATE TABLE notifications_dismissed (
    notification_id integer NOT NULL,
    user_id integer NOT NULL
);

ALTER TABLE notifications ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME notifications_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE password_links (
    secret_hash text NOT NULL,
    user_id integer NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    expires timestamp with time zone NOT NULL
);

CREATE TABLE person_settings (
    user_id integer,
    tag text,
    name text NOT NULL,
    value jsonb NOT NULL,
    changed timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT person_settings_check CHECK ((num_nonnulls(user_id, tag) = 1))
);

CREATE TABLE queue_turns (
    type text NOT NULL,
    owner text NOT NULL,
    turn bigint DEFAULT 0 NOT NULL
);

CREATE TABLE repairs (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    kind text NOT NULL,
    type text,
    job bigint,
    dataset text,
    host text,
    text text NOT NULL
);

ALTER TABLE repairs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME repairs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE settings (
    name text NOT NULL,
    value jsonb NOT NULL,
    changed timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE sign_in_failures (
    name_hash text NOT NULL,
    failures integer NOT NULL,
    latest timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE tokens (
    id integer NOT NULL,
    user_id integer NOT NULL,
    name text NOT NULL,
    secret_hash text NOT NULL,
    read_only boolean DEFAULT false NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    expires timestamp with time zone,
    last_used timestamp with time zone,
    calls bigint DEFAULT 0 NOT NULL
);

ALTER TABLE tokens ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE unfinished_uploads (
    id text NOT NULL,
    owner_id integer NOT NULL,
    filename text NOT NULL,
    length bigint NOT NULL,
    received bigint DEFAULT 0 NOT NULL,
    parts jsonb DEFAULT '[]'::jsonb NOT NULL,
    touched timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT unfinished_uploads_check CHECK ((received <= length)),
    CONSTRAINT unfinished_uploads_length_check CHECK ((length > 0))
);

CREATE TABLE uploads (
    id text NOT NULL,
    owner_id integer NOT NULL,
    filename text NOT NULL,
    file jsonb NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    dataset text
);

CREATE TABLE user_tags (
    user_id integer NOT NULL,
    tag text NOT NULL
);

CREATE TABLE users (
    id integer NOT NULL,
    name text NOT NULL,
    password_hash text,
    is_admin boolean DEFAULT false NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    last_seen timestamp with time zone,
    email text,
    notes text DEFAULT ''::text NOT NULL,
    theme text DEFAULT 'auto'::text NOT NULL,
    time_zone text DEFAULT ''::text NOT NULL,
    sessions integer DEFAULT 0 NOT NULL,
    language text DEFAULT ''::text NOT NULL,
    expires date,
    CONSTRAINT users_theme_check CHECK ((theme = ANY (ARRAY['auto'::text, 'light'::text, 'dark'::text])))
);

ALTER TABLE users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE web_hosts (
    host text NOT NULL,
    free_at timestamp with time zone DEFAULT now() NOT NULL,
    rests_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    refused integer DEFAULT 0 NOT NULL,
    asked bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY imageboard_posts ATTACH PARTITION eightchan_posts FOR VALUES IN ('eightchan');

ALTER TABLE ONLY imageboard_threads ATTACH PARTITION eightchan_threads FOR VALUES IN ('eightchan');

ALTER TABLE ONLY imageboard_posts ATTACH PARTITION eightkun_posts FOR VALUES IN ('eightkun');

ALTER TABLE ONLY imageboard_threads ATTACH PARTITION eightkun_threads FOR VALUES IN ('eightkun');

ALTER TABLE ONLY imageboard_posts ATTACH PARTITION fourchan_posts FOR VALUES IN ('fourchan');

ALTER TABLE ONLY imageboard_threads ATTACH PARTITION fourchan_threads FOR VALUES IN ('fourchan');

ALTER TABLE ONLY imageboard_posts ATTACH PARTITION lainchan_posts FOR VALUES IN ('lainchan');

ALTER TABLE ONLY imageboard_threads ATTACH PARTITION lainchan_threads FOR VALUES IN ('lainchan');

ALTER TABLE ONLY access_requests
    ADD CONSTRAINT access_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY annotation_counts
    ADD CONSTRAINT annotation_counts_pkey PRIMARY KEY (field_id, coder);

ALTER TABLE ONLY annotation_fields
    ADD CONSTRAINT annotation_fields_pkey PRIMARY KEY (id);

ALTER TABLE ONLY annotation_values
    ADD CONSTRAINT annotation_values_pkey PRIMARY KEY (field_id, item, coder);

ALTER TABLE ONLY dataset_logs
    ADD CONSTRAINT dataset_logs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY dataset_shares
    ADD CONSTRAINT dataset_shares_pkey PRIMARY KEY (dataset, who);

ALTER TABLE ONLY dataset_tags
    ADD CONSTRAINT dataset_tags_pkey PRIMARY KEY (dataset, tag);

ALTER TABLE ONLY datasets
    ADD CONSTRAINT datasets_id_key UNIQUE (id);

ALTER TABLE ONLY datasets
    ADD CONSTRAINT datasets_pkey PRIMARY KEY (key);

ALTER TABLE ONLY imageboard_posts
    ADD CONSTRAINT imageboard_posts_pkey PRIMARY KEY (source, board, id);

ALTER TABLE ONLY eightchan_posts
    ADD CONSTRAINT eightchan_posts_pkey PRIMARY KEY (source, board, id);

ALTER TABLE ONLY imageboard_threads
    ADD CONSTRAINT imageboard_threads_pkey PRIMARY KEY (source, board, id);

ALTER TABLE ONLY eightchan_threads
    ADD CONSTRAINT eightchan_threads_pkey PRIMARY KEY (source, board, id);

ALTER TABLE ONLY eightkun_posts
    ADD CONSTRAINT eightkun_posts_pkey PRIMARY KEY (source, board, id);

ALTER TABLE ONLY eightkun_threads
    ADD CONSTRAINT eightkun_threads_pkey PRIMARY KEY (source, board, id);

ALTER TABLE ONLY error_reports
    ADD CONSTRAINT error_reports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY favourites
    ADD CONSTRAINT favourites_pkey PRIMARY KEY (user_id, dataset);

ALTER TABLE ONLY fourchan_posts
    ADD CONSTRAINT fourchan_posts_pkey PRIMARY KEY (source, board, id);

ALTER TABLE ONLY fourchan_threads
    ADD CONSTRAINT fourchan_threads_pkey PRIMARY KEY (source, board, id);

ALTER TABLE ONLY idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key);

ALTER TABLE ONLY imageboard_asked_images
    ADD CONSTRAINT imageboard_asked_images_pkey PRIMARY KEY (source, md5);

ALTER TABLE ONLY imageboard_coverage
    ADD CONSTRAINT imageboard_coverage_pkey PRIMARY KEY (source, board, began);

ALTER TABLE ONLY imageboard_days
    ADD CONSTRAINT imageboard_days_pkey PRIMARY KEY (source, board, day);

ALTER TABLE ONLY imageboard_events
    ADD CONSTRAINT imageboard_events_pkey PRIMARY KEY (number);

ALTER TABLE ONLY imageboard_images
    ADD CONSTRAINT imageboard_images_pkey PRIMARY KEY (md5);

ALTER TABLE ONLY imageboard_imports
    ADD CONSTRAINT imageboard_imports_pkey PRIMARY KEY (source, board, file);

ALTER TABLE ONLY imageboard_indexes
    ADD CONSTRAINT imageboard_indexes_pkey PRIMARY KEY (build);

ALTER TABLE ONLY imageboard_orders
    ADD CONSTRAINT imageboard_orders_pkey PRIMARY KEY (source, board, seen);

ALTER TABLE ONLY imageboard_unread
    ADD CONSTRAINT imageboard_unread_pkey PRIMARY KEY (source, board, noticed);

ALTER TABLE ONLY imageboard_versions
    ADD CONSTRAINT imageboard_versions_pkey PRIMARY KEY (source, board, id, seen);

ALTER TABLE ONLY imageboard_words
    ADD CONSTRAINT imageboard_words_pkey PRIMARY KEY (word);

ALTER TABLE ONLY jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY lainchan_posts
    ADD CONSTRAINT lainchan_posts_pkey PRIMARY KEY (source, board, id);

ALTER TABLE ONLY lainchan_threads
    ADD CONSTRAINT lainchan_threads_pkey PRIMARY KEY (source, board, id);

ALTER TABLE ONLY mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (id);

ALTER TABLE ONLY measures
    ADD CONSTRAINT measures_pkey PRIMARY KEY (at);

ALTER TABLE ONLY notifications_dismissed
    ADD CONSTRAINT notifications_dismissed_pkey PRIMARY KEY (notification_id, user_id);

ALTER TABLE ONLY notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY password_links
    ADD CONSTRAINT password_links_pkey PRIMARY KEY (secret_hash);

ALTER TABLE ONLY queue_turns
    ADD CONSTRAINT queue_turns_pkey PRIMARY KEY (type, owner);

ALTER TABLE ONLY repairs
    ADD CONSTRAINT repairs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);

ALTER TABLE ONLY sign_in_failures
    ADD CONSTRAINT sign_in_failures_pkey PRIMARY KEY (name_hash);

ALTER TABLE ONLY tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tokens
    ADD CONSTRAINT tokens_secret_hash_key UNIQUE (secret_hash);

ALTER TABLE ONLY unfinished_uploads
    ADD CONSTRAINT unfinished_uploads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY user_tags
    ADD CONSTRAINT user_tags_pkey PRIMARY KEY (user_id, tag);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY web_hosts
    ADD CONSTRAINT web_hosts_pkey PRIMARY KEY (host);

CREATE UNIQUE INDEX access_requests_waiting ON access_requests USING btree (lower(email)) WHERE (state = 'waiting'::text);

CREATE INDEX annotation_fields_dataset ON annotation_fields USING btree (dataset);

CREATE UNIQUE INDEX annotation_fields_name ON annotation_fields USING btree (top, lower(name));

CREATE INDEX annotation_values_coder ON annotation_values USING btree (coder, field_id, item);

CREATE INDEX dataset_logs_dataset ON dataset_logs USING btree (dataset, id);

CREATE INDEX dataset_shares_user ON dataset_shares USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX dataset_shares_who ON dataset_shares USING btree (who, dataset);

CREATE INDEX dataset_tags_tag ON dataset_tags USING btree (tag, dataset);

CREATE INDEX datasets_attach ON datasets USING btree (attach_to) WHERE (attach_to IS NOT NULL);

CREATE INDEX datasets_deleted ON datasets USING btree (deleted) WHERE (deleted IS NOT NULL);

CREATE INDEX datasets_lately ON datasets USING btree (type, ended DESC) WHERE (status = 'finished'::text);

CREATE INDEX datasets_newest ON datasets USING btree (id DESC) WHERE (parent IS NULL);

CREATE INDEX datasets_open ON datasets USING btree (status) WHERE (status = ANY (ARRAY['waiting'::text, 'running'::text]));

CREATE INDEX datasets_owner ON datasets USING btree (owner_id, id DESC) WHERE (parent IS NULL);

CREATE INDEX datasets_parent ON datasets USING btree (parent);

CREATE INDEX datasets_public ON datasets USING btree (id DESC) WHERE ((parent IS NULL) AND (NOT is_private));

CREATE INDEX datasets_stored ON datasets USING btree (owner_id) INCLUDE (bytes) WHERE (bytes > 0);

CREATE INDEX datasets_top ON datasets USING btree (top);

CREATE INDEX imageboard_posts_image ON ONLY imageboard_posts USING btree (image_md5) WHERE (image_md5 IS NOT NULL);

CREATE INDEX eightchan_posts_image_md5_idx ON eightchan_posts USING btree (image_md5) WHERE (image_md5 IS NOT NULL);

CREATE INDEX imageboard_posts_number ON ONLY imageboard_posts USING btree (number);

CREATE INDEX eightchan_posts_number_idx ON eightchan_posts USING btree (number);

CREATE INDEX imageboard_posts_created ON ONLY imageboard_posts USING btree (source, board, created);

CREATE INDEX eightchan_posts_source_board_created_idx ON eightchan_posts USING btree (source, board, created);

CREATE INDEX imageboard_posts_thread ON ONLY imageboard_posts USING btree (source, board, thread_id, id);

CREATE INDEX eightchan_posts_source_board_thread_id_id_idx ON eightchan_posts USING btree (source, board, thread_id, id);

CREATE INDEX imageboard_posts_body_words ON ONLY imageboard_posts USING gin (string_to_array(body_words, ' '::text));

CREATE INDEX eightchan_posts_string_to_array_idx ON eightchan_posts USING gin (string_to_array(body_words, ' '::text));

CREATE INDEX imageboard_posts_subject_words ON ONLY imageboard_posts USING gin (string_to_array(subject_words, ' '::text)) WHERE (subject_words <> ''::text);

CREATE INDEX eightchan_posts_string_to_array_idx1 ON eightchan_posts USING gin (string_to_array(subject_words, ' '::text)) WHERE (subject_words <> ''::text);

CREATE INDEX imageboard_threads_open ON ONLY imageboard_threads USING btree (source, board) WHERE ((archived IS NULL) AND (deleted IS NULL) AND (mark IS NOT NULL));

CREATE INDEX eightchan_threads_source_board_idx ON eightchan_threads USING btree (source, board) WHERE ((archived IS NULL) AND (deleted IS NULL) AND (mark IS NOT NULL));

CREATE INDEX eightkun_posts_image_md5_idx ON eightkun_posts USING btree (image_md5) WHERE (image_md5 IS NOT NULL);

CREATE INDEX eightkun_posts_number_idx ON eightkun_posts USING btree (number);

CREATE INDEX eightkun_posts_source_board_created_idx ON eightkun_posts USING btree (source, board, created);

CREATE INDEX eightkun_posts_source_board_thread_id_id_idx ON eightkun_posts USING btree (source, board, thread_id, id);

CREATE INDEX eightkun_posts_string_to_array_idx ON eightkun_posts USING gin (string_to_array(body_words, ' '::text));

CREATE INDEX eightkun_posts_string_to_array_idx1 ON eightkun_posts USING gin (string_to_array(subject_words, ' '::text)) WHERE (subject_words <> ''::text);

CREATE INDEX eightkun_threads_source_board_idx ON eightkun_threads USING btree (source, board) WHERE ((archived IS NULL) AND (deleted IS NULL) AND (mark IS NOT NULL));

CREATE INDEX error_reports_at ON error_reports USING btree (at);

CREATE INDEX favourites_dataset ON favourites USING btree (dataset);

CREATE INDEX fourchan_posts_image_md5_idx ON fourchan_posts USING btree (image_md5) WHERE (image_md5 IS NOT NULL);

CREATE INDEX fourchan_posts_number_idx ON fourchan_posts USING btree (number);

CREATE INDEX fourchan_posts_source_board_created_idx ON fourchan_posts USING btree (source, board, created);

CREATE INDEX fourchan_posts_source_board_thread_id_id_idx ON fourchan_posts USING btree (source, board, thread_id, id);

CREATE INDEX fourchan_posts_string_to_array_idx ON fourchan_posts USING gin (string_to_array(body_words, ' '::text));

CREATE INDEX fourchan_posts_string_to_array_idx1 ON fourchan_posts USING gin (string_to_array(subject_words, ' '::text)) WHERE (subject_words <> ''::text);

CREATE INDEX fourchan_threads_source_board_idx ON fourchan_threads USING btree (source, board) WHERE ((archived IS NULL) AND (deleted IS NULL) AND (mark IS NOT NULL));

CREATE INDEX idempotency_keys_created ON idempotency_keys USING btree (created);

CREATE INDEX imageboard_asked_images_asked ON imageboard_asked_images USING btree (source, asked);

CREATE INDEX imageboard_events_seen ON imageboard_events USING btree (source, board, seen);

CREATE INDEX imageboard_events_thread ON imageboard_events USING btree (source, board, thread_id);

CREATE INDEX imageboard_indexes_began ON imageboard_indexes USING btree (source, part, began);

CREATE UNIQUE INDEX imageboard_unread_open ON imageboard_unread USING btree (source, board) WHERE (ended IS NULL);

CREATE INDEX imageboard_versions_number ON imageboard_versions USING btree (number);

CREATE INDEX imageboard_words_parts ON imageboard_words USING gin (word gin_trgm_ops);

CREATE INDEX jobs_active ON jobs USING btree (type) WHERE (state = ANY (ARRAY['rung'::text, 'running'::text]));

CREATE INDEX jobs_blocked ON jobs USING btree (blocked_by) WHERE (blocked_by IS NOT NULL);

CREATE INDEX jobs_dataset ON jobs USING btree (dataset);

CREATE INDEX jobs_failed ON jobs USING btree (failed DESC) WHERE (state = 'failed'::text);

CREATE INDEX jobs_next ON jobs USING btree (type, turn, id) WHERE ((state = 'waiting'::text) AND (blocked_by IS NULL));

CREATE UNIQUE INDEX jobs_open ON jobs USING btree (type, remote_id) WHERE (state <> 'failed'::text);

CREATE INDEX jobs_owner ON jobs USING btree (owner, type, turn) WHERE (state <> 'failed'::text);

CREATE INDEX lainchan_posts_image_md5_idx ON lainchan_posts USING btree (image_md5) WHERE (image_md5 IS NOT NULL);

CREATE INDEX lainchan_posts_number_idx ON lainchan_posts USING btree (number);

CREATE INDEX lainchan_posts_source_board_created_idx ON lainchan_posts USING btree (source, board, created);

CREATE INDEX lainchan_posts_source_board_thread_id_id_idx ON lainchan_posts USING btree (source, board, thread_id, id);

CREATE INDEX lainchan_posts_string_to_array_idx ON lainchan_posts USING gin (string_to_array(body_words, ' '::text));

CREATE INDEX lainchan_posts_string_to_array_idx1 ON lainchan_posts USING gin (string_to_array(subject_words, ' '::text)) WHERE (subject_words <> ''::text);

CREATE INDEX lainchan_threads_source_board_idx ON lainchan_threads USING btree (source, board) WHERE ((archived IS NULL) AND (deleted IS NULL) AND (mark IS NOT NULL));

CREATE INDEX password_links_user ON password_links USING btree (user_id);

CREATE UNIQUE INDEX person_settings_tag ON person_settings USING btree (tag, name) WHERE (tag IS NOT NULL);

CREATE UNIQUE INDEX person_settings_user ON person_settings USING btree (user_id, name) WHERE (user_id IS NOT NULL);

CREATE INDEX queue_turns_now ON queue_turns USING btree (type, turn DESC);

CREATE INDEX repairs_at ON repairs USING btree (at);

CREATE INDEX tokens_user ON tokens USING btree (user_id);

CREATE INDEX unfinished_uploads_owner ON unfinished_uploads USING btree (owner_id);

CREATE INDEX unfinished_uploads_touched ON unfinished_uploads USING btree (touched);

CREATE INDEX uploads_created ON uploads USING btree (created);

CREATE INDEX uploads_owner ON uploads USING btree (owner_id);

CREATE INDEX user_tags_tag ON user_tags USING btree (tag, user_id);

CREATE UNIQUE INDEX users_email ON users USING btree (lower(email)) WHERE (email IS NOT NULL);

CREATE UNIQUE INDEX users_name ON users USING btree (lower(name));

ALTER INDEX imageboard_posts_image ATTACH PARTITION eightchan_posts_image_md5_idx;

ALTER INDEX imageboard_posts_number ATTACH PARTITION eightchan_posts_number_idx;

ALTER INDEX imageboard_posts_pkey ATTACH PARTITION eightchan_posts_pkey;

ALTER INDEX imageboard_posts_created ATTACH PARTITION eightchan_posts_source_board_created_idx;

ALTER INDEX imageboard_posts_thread ATTACH PARTITION eightchan_posts_source_board_thread_id_id_idx;

ALTER INDEX imageboard_posts_body_words ATTACH PARTITION eightchan_posts_string_to_array_idx;

ALTER INDEX imageboard_posts_subject_words ATTACH PARTITION eightchan_posts_string_to_array_idx1;

ALTER INDEX imageboard_threads_pkey ATTACH PARTITION eightchan_threads_pkey;

ALTER INDEX imageboard_threads_open ATTACH PARTITION eightchan_threads_source_board_idx;

ALTER INDEX imageboard_posts_image ATTACH PARTITION eightkun_posts_image_md5_idx;

ALTER INDEX imageboard_posts_number ATTACH PARTITION eightkun_posts_number_idx;

ALTER INDEX imageboard_posts_pkey ATTACH PARTITION eightkun_posts_pkey;

ALTER INDEX imageboard_posts_created ATTACH PARTITION eightkun_posts_source_board_created_idx;

ALTER INDEX imageboard_posts_thread ATTACH PARTITION eightkun_posts_source_board_thread_id_id_idx;

ALTER INDEX imageboard_posts_body_words ATTACH PARTITION eightkun_posts_string_to_array_idx;

ALTER INDEX imageboard_posts_subject_words ATTACH PARTITION eightkun_posts_string_to_array_idx1;

ALTER INDEX imageboard_threads_pkey ATTACH PARTITION eightkun_threads_pkey;

ALTER INDEX imageboard_threads_open ATTACH PARTITION eightkun_threads_source_board_idx;

ALTER INDEX imageboard_posts_image ATTACH PARTITION fourchan_posts_image_md5_idx;

ALTER INDEX imageboard_posts_number ATTACH PARTITION fourchan_posts_number_idx;

ALTER INDEX imageboard_posts_pkey ATTACH PARTITION fourchan_posts_pkey;

ALTER INDEX imageboard_posts_created ATTACH PARTITION fourchan_posts_source_board_created_idx;

ALTER INDEX imageboard_posts_thread ATTACH PARTITION fourchan_posts_source_board_thread_id_id_idx;

ALTER INDEX imageboard_posts_body_words ATTACH PARTITION fourchan_posts_string_to_array_idx;

ALTER INDEX imageboard_posts_subject_words ATTACH PARTITION fourchan_posts_string_to_array_idx1;

ALTER INDEX imageboard_threads_pkey ATTACH PARTITION fourchan_threads_pkey;

ALTER INDEX imageboard_threads_open ATTACH PARTITION fourchan_threads_source_board_idx;

ALTER INDEX imageboard_posts_image ATTACH PARTITION lainchan_posts_image_md5_idx;

ALTER INDEX imageboard_posts_number ATTACH PARTITION lainchan_posts_number_idx;

ALTER INDEX imageboard_posts_pkey ATTACH PARTITION lainchan_posts_pkey;

ALTER INDEX imageboard_posts_created ATTACH PARTITION lainchan_posts_source_board_created_idx;

ALTER INDEX imageboard_posts_thread ATTACH PARTITION lainchan_posts_source_board_thread_id_id_idx;

ALTER INDEX imageboard_posts_body_words ATTACH PARTITION lainchan_posts_string_to_array_idx;

ALTER INDEX imageboard_posts_subject_words ATTACH PARTITION lainchan_posts_string_to_array_idx1;

ALTER INDEX imageboard_threads_pkey ATTACH PARTITION lainchan_threads_pkey;

ALTER INDEX imageboard_threads_open ATTACH PARTITION lainchan_threads_source_board_idx;

CREATE TRIGGER annotation_values_added AFTER INSERT ON annotation_values REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION annotation_values_count();

CREATE TRIGGER annotation_values_changed AFTER UPDATE ON annotation_values REFERENCING OLD TABLE AS before NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION annotation_values_count();

CREATE TRIGGER annotation_values_gone AFTER DELETE ON annotation_values REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION annotation_values_count();

CREATE TRIGGER datasets_leave_jobs BEFORE DELETE ON datasets FOR EACH ROW EXECUTE FUNCTION jobs_leave_dataset();

CREATE TRIGGER imageboard_posts_new_words AFTER UPDATE ON imageboard_posts REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION imageboard_note_words();

CREATE TRIGGER imageboard_posts_note AFTER INSERT ON imageboard_posts REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION imageboard_note_posts();

CREATE TRIGGER imageboard_posts_words AFTER INSERT ON imageboard_posts REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION imageboard_note_words();

ALTER TABLE ONLY annotation_counts
    ADD CONSTRAINT annotation_counts_field_id_fkey FOREIGN KEY (field_id) REFERENCES annotation_fields(id) ON DELETE CASCADE;

ALTER TABLE ONLY annotation_fields
    ADD CONSTRAINT annotation_fields_dataset_fkey FOREIGN KEY (dataset) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY annotation_values
    ADD CONSTRAINT annotation_values_field_id_fkey FOREIGN KEY (field_id) REFERENCES annotation_fields(id) ON DELETE CASCADE;

ALTER TABLE ONLY dataset_logs
    ADD CONSTRAINT dataset_logs_dataset_fkey FOREIGN KEY (dataset) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY dataset_shares
    ADD CONSTRAINT dataset_shares_dataset_fkey FOREIGN KEY (dataset) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY dataset_shares
    ADD CONSTRAINT dataset_shares_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY dataset_tags
    ADD CONSTRAINT dataset_tags_dataset_fkey FOREIGN KEY (dataset) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY datasets
    ADD CONSTRAINT datasets_attach_to_fkey FOREIGN KEY (attach_to) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY datasets
    ADD CONSTRAINT datasets_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY datasets
    ADD CONSTRAINT datasets_parent_fkey FOREIGN KEY (parent) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY favourites
    ADD CONSTRAINT favourites_dataset_fkey FOREIGN KEY (dataset) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY favourites
    ADD CONSTRAINT favourites_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY idempotency_keys
    ADD CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY jobs
    ADD CONSTRAINT jobs_dataset_fkey FOREIGN KEY (dataset) REFERENCES datasets(key);

ALTER TABLE ONLY notifications_dismissed
    ADD CONSTRAINT notifications_dismissed_notification_id_fkey FOREIGN KEY (notification_id) REFERENCES notifications(id) ON DELETE CASCADE;

ALTER TABLE ONLY notifications_dismissed
    ADD CONSTRAINT notifications_dismissed_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY notifications
    ADD CONSTRAINT notifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY password_links
    ADD CONSTRAINT password_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY person_settings
    ADD CONSTRAINT person_settings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY tokens
    ADD CONSTRAINT tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY unfinished_uploads
    ADD CONSTRAINT unfinished_uploads_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY uploads
    ADD CONSTRAINT uploads_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY user_tags
    ADD CONSTRAINT user_tags_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;
