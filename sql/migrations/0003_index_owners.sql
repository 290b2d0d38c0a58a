-- A preset shows the files of one of its steps. They count once, as the preset's.
UPDATE datasets SET bytes = 0
    FROM datasets preset
    WHERE preset.key = datasets.attach_to AND preset.result IS NOT NULL AND datasets.bytes > 0;

-- What one person stores is summed up whenever they ask for something.
CREATE INDEX datasets_stored ON datasets (owner_id) INCLUDE (bytes) WHERE bytes > 0;
CREATE INDEX uploads_owner ON uploads (owner_id);
