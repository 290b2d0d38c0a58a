-- Groups of people, given by administrators.
CREATE TABLE user_tags (
    user_id         integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tag             text NOT NULL,
    PRIMARY KEY (user_id, tag)
);
CREATE INDEX user_tags_tag ON user_tags (tag, user_id);

-- With whom a capture and all made from it is shared: a person, or all who have a tag.
CREATE TABLE dataset_shares (
    dataset         text NOT NULL REFERENCES datasets (key) ON DELETE CASCADE,
    user_id         integer REFERENCES users (id) ON DELETE CASCADE,
    tag             text,
    who             text NOT NULL GENERATED ALWAYS AS (coalesce('user:' || user_id::text, 'tag:' || tag)) STORED,
    role            text NOT NULL CHECK (role IN ('owner', 'viewer')),
    since           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dataset, who),
    CHECK (num_nonnulls(user_id, tag) = 1)
);
CREATE INDEX dataset_shares_who ON dataset_shares (who, dataset);
CREATE INDEX dataset_shares_user ON dataset_shares (user_id) WHERE user_id IS NOT NULL;

-- What people have marked for themselves, and the words that they have put on captures for all who see them.
CREATE TABLE favourites (
    user_id         integer NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    dataset         text NOT NULL REFERENCES datasets (key) ON DELETE CASCADE,
    PRIMARY KEY (user_id, dataset)
);
CREATE INDEX favourites_dataset ON favourites (dataset);
CREATE TABLE dataset_tags (
    dataset         text NOT NULL REFERENCES datasets (key) ON DELETE CASCADE,
    tag             text NOT NULL,
    PRIMARY KEY (dataset, tag)
);
CREATE INDEX dataset_tags_tag ON dataset_tags (tag, dataset);

-- When a dataset goes by itself, whether it stays nevertheless, and since when it has been deleted, which can be undone
-- for a while.
ALTER TABLE datasets ADD COLUMN expires timestamptz;
ALTER TABLE datasets ADD COLUMN is_kept boolean NOT NULL DEFAULT false;
ALTER TABLE datasets ADD COLUMN deleted timestamptz;
CREATE INDEX datasets_deleted ON datasets (deleted) WHERE deleted IS NOT NULL;

-- What is looked through to find a dataset: its name, the values of its parameters, its columns.
ALTER TABLE datasets ADD COLUMN findable text GENERATED ALWAYS AS (lower(left(
    label || ' ' || jsonb_path_query_array(parameters, 'strict $.** ? (@.type() == "string")')::text
    || ' ' || columns::text, 4000))) STORED;

-- Lists: everything at the top, the newest first, and of it what all may see.
CREATE INDEX datasets_newest ON datasets (id DESC) WHERE parent IS NULL;
CREATE INDEX datasets_public ON datasets (id DESC) WHERE parent IS NULL AND NOT is_private;
