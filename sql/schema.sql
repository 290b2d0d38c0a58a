-- The schema that all migrations together make, for reading; nothing runs this file.
-- Written by: python -m app.local.schema > sql/schema.sql

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

CREATE TABLE uploads (
    id text NOT NULL,
    owner_id integer NOT NULL,
    filename text NOT NULL,
    file jsonb NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    dataset text
);

CREATE TABLE users (
    id integer NOT NULL,
    name text NOT NULL,
    password_hash text,
    is_admin boolean DEFAULT false NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    last_seen timestamp with time zone
);

ALTER TABLE users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY dataset_logs
    ADD CONSTRAINT dataset_logs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY datasets
    ADD CONSTRAINT datasets_id_key UNIQUE (id);

ALTER TABLE ONLY datasets
    ADD CONSTRAINT datasets_pkey PRIMARY KEY (key);

ALTER TABLE ONLY jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY queue_turns
    ADD CONSTRAINT queue_turns_pkey PRIMARY KEY (type, owner);

ALTER TABLE ONLY repairs
    ADD CONSTRAINT repairs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);

ALTER TABLE ONLY tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY tokens
    ADD CONSTRAINT tokens_secret_hash_key UNIQUE (secret_hash);

ALTER TABLE ONLY uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX dataset_logs_dataset ON dataset_logs USING btree (dataset, id);

CREATE INDEX datasets_attach ON datasets USING btree (attach_to) WHERE (attach_to IS NOT NULL);

CREATE INDEX datasets_lately ON datasets USING btree (type, ended DESC) WHERE (status = 'finished'::text);

CREATE INDEX datasets_open ON datasets USING btree (status) WHERE (status = ANY (ARRAY['waiting'::text, 'running'::text]));

CREATE INDEX datasets_owner ON datasets USING btree (owner_id, id DESC) WHERE (parent IS NULL);

CREATE INDEX datasets_parent ON datasets USING btree (parent);

CREATE INDEX datasets_stored ON datasets USING btree (owner_id) INCLUDE (bytes) WHERE (bytes > 0);

CREATE INDEX datasets_top ON datasets USING btree (top);

CREATE INDEX jobs_active ON jobs USING btree (type) WHERE (state = ANY (ARRAY['rung'::text, 'running'::text]));

CREATE INDEX jobs_blocked ON jobs USING btree (blocked_by) WHERE (blocked_by IS NOT NULL);

CREATE INDEX jobs_dataset ON jobs USING btree (dataset);

CREATE INDEX jobs_failed ON jobs USING btree (failed DESC) WHERE (state = 'failed'::text);

CREATE INDEX jobs_next ON jobs USING btree (type, turn, id) WHERE ((state = 'waiting'::text) AND (blocked_by IS NULL));

CREATE UNIQUE INDEX jobs_open ON jobs USING btree (type, remote_id) WHERE (state <> 'failed'::text);

CREATE INDEX jobs_owner ON jobs USING btree (owner, type, turn) WHERE (state <> 'failed'::text);

CREATE INDEX queue_turns_now ON queue_turns USING btree (type, turn DESC);

CREATE INDEX repairs_at ON repairs USING btree (at);

CREATE INDEX tokens_user ON tokens USING btree (user_id);

CREATE INDEX uploads_created ON uploads USING btree (created);

CREATE INDEX uploads_owner ON uploads USING btree (owner_id);

CREATE UNIQUE INDEX users_name ON users USING btree (lower(name));

ALTER TABLE ONLY dataset_logs
    ADD CONSTRAINT dataset_logs_dataset_fkey FOREIGN KEY (dataset) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY datasets
    ADD CONSTRAINT datasets_attach_to_fkey FOREIGN KEY (attach_to) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY datasets
    ADD CONSTRAINT datasets_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY datasets
    ADD CONSTRAINT datasets_parent_fkey FOREIGN KEY (parent) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY jobs
    ADD CONSTRAINT jobs_dataset_fkey FOREIGN KEY (dataset) REFERENCES datasets(key) ON DELETE CASCADE;

ALTER TABLE ONLY tokens
    ADD CONSTRAINT tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE;

ALTER TABLE ONLY uploads
    ADD CONSTRAINT uploads_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id) ON DELETE CASCADE;
