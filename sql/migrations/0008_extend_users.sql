-- What people need besides a name and a password: e-mail, links for a new password, requests for an account,
-- messages of administrators, limits and rights of their own; and what administrators look at: errors and measures.
ALTER TABLE users
    ADD COLUMN email text,
    ADD COLUMN notes text NOT NULL DEFAULT '',          -- of administrators, about the user
    ADD COLUMN theme text NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark')),
    ADD COLUMN time_zone text NOT NULL DEFAULT '',      -- empty is the zone of the browser
    ADD COLUMN sessions integer NOT NULL DEFAULT 0;     -- sessions that began under a lower number have ended

CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE email IS NOT NULL;

CREATE TABLE sign_in_failures (
    name_hash       text PRIMARY KEY,                   -- of what was typed, whether or not there is such a user
    failures        integer NOT NULL,
    latest          timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE password_links (
    secret_hash     text PRIMARY KEY,
    user_id         integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created         timestamptz NOT NULL DEFAULT now(),
    expires         timestamptz NOT NULL
);

CREATE INDEX password_links_user ON password_links (user_id);

CREATE TABLE mails (                                    -- those that have not been sent yet
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient       text NOT NULL,
    subject         text NOT NULL,
    body            text NOT NULL,
    created         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE access_requests (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL,
    email           text NOT NULL,
    affiliation     text NOT NULL DEFAULT '',
    reason          text NOT NULL DEFAULT '',
    created         timestamptz NOT NULL DEFAULT now(),
    state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'refused')),
    decided         timestamptz,
    decided_by      text
);

CREATE UNIQUE INDEX access_requests_waiting ON access_requests (lower(email)) WHERE state = 'waiting';

CREATE TABLE notifications (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    text            text NOT NULL,
    user_id         integer REFERENCES users (id) ON DELETE CASCADE,
    tag             text,                               -- with neither, it is for everybody
    created         timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL DEFAULT '',
    expires         timestamptz,
    CHECK (user_id IS NULL OR tag IS NULL)
);

CREATE TABLE notifications_dismissed (
    notification_id integer NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    user_id         integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (notification_id, user_id)
);

CREATE TABLE person_settings (                          -- instead of what is set for everybody
    user_id         integer REFERENCES users (id) ON DELETE CASCADE,
    tag             text,
    name            text NOT NULL,
    value           jsonb NOT NULL,
    changed         timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(user_id, tag) = 1)
);

CREATE UNIQUE INDEX person_settings_user ON person_settings (user_id, name) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX person_settings_tag ON person_settings (tag, name) WHERE tag IS NOT NULL;

CREATE TABLE error_reports (
    id              text PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT now(),
    place           text NOT NULL,
    owner           text NOT NULL DEFAULT '',           -- who was signed in
    text            text NOT NULL
);

CREATE INDEX error_reports_at ON error_reports (at);

CREATE TABLE measures (                                 -- one row an hour
    at              timestamptz PRIMARY KEY,
    facts           jsonb NOT NULL
);
