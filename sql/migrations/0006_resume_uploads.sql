-- Files that come in chunks, until all of each is there; then it is one of the `uploads`, with the same id.
CREATE TABLE unfinished_uploads (
    id       text PRIMARY KEY,
    owner_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
    filename text NOT NULL,
    length   bigint NOT NULL CHECK (length > 0),             -- how many bytes it will have
    received bigint NOT NULL DEFAULT 0 CHECK (received <= length),
    parts    jsonb NOT NULL DEFAULT '[]',                    -- the stored files of what has come in, in order
    touched  timestamptz NOT NULL DEFAULT now()              -- when something came in last
);
CREATE INDEX unfinished_uploads_owner ON unfinished_uploads (owner_id);
CREATE INDEX unfinished_uploads_touched ON unfinished_uploads (touched);
