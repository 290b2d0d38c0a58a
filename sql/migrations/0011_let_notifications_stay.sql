-- A message that stays on top of every page until it is over or taken back.
ALTER TABLE notifications
    ADD COLUMN stays boolean NOT NULL DEFAULT false;    -- whether nobody can dismiss it
