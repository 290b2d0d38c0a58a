-- In which language pages are for a person, and until when an account is for.
ALTER TABLE users
    ADD COLUMN language text NOT NULL DEFAULT '',       -- empty is that of the browser
    ADD COLUMN expires date;                            -- the last day; afterwards a task switches the account off
