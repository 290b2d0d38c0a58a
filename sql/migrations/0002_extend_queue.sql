-- The order of a queue is a number on each job: the next one of a type has the smallest (turn, id).
-- A job's turn is given when it becomes ready: one more than its owner's last, but never less than what is served now.
ALTER TABLE jobs ADD COLUMN turn bigint NOT NULL DEFAULT 0;
UPDATE jobs SET turn = placed.place
    FROM (SELECT id, row_number() OVER (PARTITION BY type, owner ORDER BY id) AS place FROM jobs) placed
    WHERE jobs.id = placed.id;
DROP INDEX jobs_next;
CREATE INDEX jobs_next ON jobs (type, turn, id) WHERE state = 'waiting' AND blocked_by IS NULL;
CREATE INDEX jobs_owner ON jobs (owner, type, turn) WHERE state <> 'failed';
CREATE INDEX jobs_failed ON jobs (failed DESC) WHERE state = 'failed';

-- The turn at which each owner was last served; the largest of a type is the one that is served now.
UPDATE queue_turns SET turn = 0;
CREATE INDEX queue_turns_now ON queue_turns (type, turn DESC);
DROP SEQUENCE queue_turn_numbers;

-- Since when a part that the work needs has been away, and what a broken off attempt has already brought home.
ALTER TABLE jobs ADD COLUMN away_since timestamptz;
ALTER TABLE jobs ADD COLUMN checkpoint jsonb;

-- What the reconciler has mended, for operators.
CREATE TABLE repairs (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT now(),
    kind            text NOT NULL,
    type            text,
    job             bigint,
    dataset         text,
    host            text,
    text            text NOT NULL
);
CREATE INDEX repairs_at ON repairs (at);

-- What a result takes in storage, and how long work of a type has lately taken.
ALTER TABLE datasets ADD COLUMN bytes bigint NOT NULL DEFAULT 0;
UPDATE datasets SET bytes = (
    SELECT coalesce(sum((file.value ->> 'size')::bigint), 0) FROM jsonb_each(result -> 'files') AS file
) WHERE result IS NOT NULL;
CREATE INDEX datasets_lately ON datasets (type, ended DESC) WHERE status = 'finished';
