-- Users, tokens, settings, uploads, datasets, and the queue.

CREATE TABLE users (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL,
    password_hash   text,
    is_admin        boolean NOT NULL DEFAULT false,
    is_active       boolean NOT NULL DEFAULT true,
    created         timestamptz NOT NULL DEFAULT now(),
    last_seen       timestamptz
);
CREATE UNIQUE INDEX users_name ON users (lower(name));

CREATE TABLE tokens (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name            text NOT NULL,
    secret_hash     text NOT NULL UNIQUE,
    read_only       boolean NOT NULL DEFAULT false,
    created         timestamptz NOT NULL DEFAULT now(),
    expires         timestamptz,
    last_used       timestamptz,
    calls           bigint NOT NULL DEFAULT 0
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE settings (
    name            text PRIMARY KEY,
    value           jsonb NOT NULL,
    changed         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE uploads (
    id              text PRIMARY KEY,
    owner_id        integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    filename        text NOT NULL,
    file            jsonb NOT NULL,
    created         timestamptz NOT NULL DEFAULT now(),
    dataset         text
);
CREATE INDEX uploads_created ON uploads (created);

CREATE TABLE datasets (
    key             text PRIMARY KEY,
    id              bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    type            text NOT NULL,
    datasource      text,
    parent          text REFERENCES datasets (key) ON DELETE CASCADE,
    top             text NOT NULL,
    acts_as         text NOT NULL,
    label           text NOT NULL,
    parameters      jsonb NOT NULL DEFAULT '{}',
    status          text NOT NULL DEFAULT 'waiting'
                    CHECK (status IN ('waiting', 'running', 'finished', 'empty', 'failed', 'cancelled')),
    message         text NOT NULL DEFAULT '',
    progress        real,
    rows            bigint,
    quarantined     bigint NOT NULL DEFAULT 0,
    warnings        jsonb NOT NULL DEFAULT '[]',
    columns         jsonb NOT NULL DEFAULT '[]',
    owner_id        integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    is_private      boolean NOT NULL DEFAULT true,
    created         timestamptz NOT NULL DEFAULT now(),
    started         timestamptz,
    ended           timestamptz,
    attach_to       text REFERENCES datasets (key) ON DELETE CASCADE,
    kind            text,
    result          jsonb,
    provenance      jsonb NOT NULL DEFAULT '{}',
    work            jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX datasets_parent ON datasets (parent);
CREATE INDEX datasets_top ON datasets (top);
CREATE INDEX datasets_owner ON datasets (owner_id, id DESC) WHERE parent IS NULL;
CREATE INDEX datasets_open ON datasets (status) WHERE status IN ('waiting', 'running');
CREATE INDEX datasets_attach ON datasets (attach_to) WHERE attach_to IS NOT NULL;

CREATE TABLE dataset_logs (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset         text NOT NULL REFERENCES datasets (key) ON DELETE CASCADE,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    line            text NOT NULL
);
CREATE INDEX dataset_logs_dataset ON dataset_logs (dataset, id);

-- The queue. A job is open while it waits, has been rung or runs; a failed one is kept for its reason.
CREATE TABLE jobs (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type             text NOT NULL,
    remote_id        text NOT NULL,
    owner            text NOT NULL DEFAULT '',
    details          jsonb NOT NULL DEFAULT '{}',
    dataset          text REFERENCES datasets (key) ON DELETE CASCADE,
    blocked_by       text,
    state            text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'rung', 'running', 'failed')),
    interval         integer CHECK (interval > 0),
    attempts         integer NOT NULL DEFAULT 0,
    max_attempts     integer NOT NULL DEFAULT 3,
    queued           timestamptz NOT NULL DEFAULT now(),
    claim_after      timestamptz NOT NULL DEFAULT now(),
    rung             timestamptz,
    rings            integer NOT NULL DEFAULT 0,
    claimed          timestamptz,
    last_claimed     timestamptz,
    token            bigint,
    heartbeat        timestamptz,
    host             text,
    pid              integer,
    cancel_requested timestamptz,
    failed           timestamptz,
    error            text
);
CREATE UNIQUE INDEX jobs_open ON jobs (type, remote_id) WHERE state <> 'failed';
CREATE INDEX jobs_next ON jobs (type, owner, claim_after, id) WHERE state = 'waiting' AND blocked_by IS NULL;
CREATE INDEX jobs_active ON jobs (type) WHERE state IN ('rung', 'running');
CREATE INDEX jobs_blocked ON jobs (blocked_by) WHERE blocked_by IS NOT NULL;
CREATE INDEX jobs_dataset ON jobs (dataset);
CREATE SEQUENCE job_tokens;

-- Whose turn it is: for each type, when each owner was last served.
CREATE TABLE queue_turns (
    type            text NOT NULL,
    owner           text NOT NULL,
    turn            bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (type, owner)
);
CREATE SEQUENCE queue_turn_numbers;
