-- A job that runs outlives its dataset: it is told to stop, and keeps its place until its process has ended.

CREATE FUNCTION jobs_leave_dataset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM jobs WHERE dataset = OLD.key AND state <> 'running';
    UPDATE jobs SET dataset = NULL,
        cancel_requested = coalesce(cancel_requested, now()),
        remote_id = CASE WHEN cancel_requested IS NULL THEN remote_id || ' cancelled ' || id ELSE remote_id END
        WHERE dataset = OLD.key;
    RETURN OLD;
END
$$;
CREATE TRIGGER datasets_leave_jobs BEFORE DELETE ON datasets FOR EACH ROW EXECUTE FUNCTION jobs_leave_dataset();

ALTER TABLE jobs DROP CONSTRAINT jobs_dataset_fkey;
ALTER TABLE jobs ADD CONSTRAINT jobs_dataset_fkey FOREIGN KEY (dataset) REFERENCES datasets (key);
