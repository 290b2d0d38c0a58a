-- What people note down of items: fields of a dataset, and one value of each coder for an item and a field.
-- A field counts for its dataset and for all made from it; its name is used once in a family.

CREATE TABLE annotation_fields (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset         text NOT NULL REFERENCES datasets (key) ON DELETE CASCADE,
    top             text NOT NULL,
    name            text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('text', 'long', 'choice', 'checkbox')),
    choices         jsonb NOT NULL DEFAULT '[]',
    help            text NOT NULL DEFAULT '',
    is_blind        boolean NOT NULL DEFAULT true,
    is_open         boolean NOT NULL DEFAULT true,
    created         timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX annotation_fields_name ON annotation_fields (top, lower(name));
CREATE INDEX annotation_fields_dataset ON annotation_fields (dataset);

-- `coder` is the name of an account, or of somebody who coded elsewhere and whose values were uploaded.
CREATE TABLE annotation_values (
    field_id        bigint NOT NULL REFERENCES annotation_fields (id) ON DELETE CASCADE,
    item            text NOT NULL,
    coder           text NOT NULL,
    value           text NOT NULL,
    changed         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (field_id, item, coder)
);
