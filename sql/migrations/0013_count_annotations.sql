-- How many values each coder has given in a field, and a checksum of them, kept by triggers: the state of the
-- annotations of a dataset is then told from a row for each coder, however many values there are.

CREATE TABLE annotation_counts (
    field_id        bigint NOT NULL REFERENCES annotation_fields (id) ON DELETE CASCADE,
    coder           text NOT NULL,
    amount          bigint NOT NULL,
    checksum        numeric NOT NULL,       -- the sum over the values: in whatever order they came, it is the same
    changed         timestamptz NOT NULL,   -- when the latest value was given
    PRIMARY KEY (field_id, coder)
);

CREATE FUNCTION annotation_checksum(item text, value text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ('x' || encode(substring(sha256(convert_to(octet_length(item) || ':' || item || value, 'UTF8')) FOR 8), 'hex'))
        ::bit(64)::bigint
$$;

CREATE FUNCTION annotation_values_count() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER annotation_values_added AFTER INSERT ON annotation_values REFERENCING NEW TABLE AS stored
    FOR EACH STATEMENT EXECUTE FUNCTION annotation_values_count();
CREATE TRIGGER annotation_values_changed AFTER UPDATE ON annotation_values
    REFERENCING OLD TABLE AS before NEW TABLE AS stored
    FOR EACH STATEMENT EXECUTE FUNCTION annotation_values_count();
CREATE TRIGGER annotation_values_gone AFTER DELETE ON annotation_values REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION annotation_values_count();

INSERT INTO annotation_counts (field_id, coder, amount, checksum, changed)
    SELECT field_id, coder, count(*), sum(annotation_checksum(item, value)), max(changed)
    FROM annotation_values GROUP BY field_id, coder;

-- What one coder has given: how far they are, and how far they agree with others.
CREATE INDEX annotation_values_coder ON annotation_values (coder, field_id, item);
