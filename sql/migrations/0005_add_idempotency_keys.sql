-- Answers to requests that came with a key of their own, so that the same request sent again does nothing twice.
CREATE TABLE idempotency_keys (
    user_id         integer NOT NULL REFERENCES users ON DELETE CASCADE,
    key             text NOT NULL,
    target          text NOT NULL,              -- method and address
    seed            text NOT NULL,              -- what is made has its key from this, so that it is made once
    attempt         text NOT NULL,              -- which request is at it
    held_until      timestamptz NOT NULL,       -- until then no other may take it over
    created         timestamptz NOT NULL DEFAULT now(),
    body_hash       text,
    status          smallint,                   -- null until it has been answered
    headers         jsonb,
    body            text,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created);
