-- When each host on the web may be asked next, by whichever machine of the installation.
CREATE TABLE web_hosts (
    host            text PRIMARY KEY,
    free_at         timestamptz NOT NULL DEFAULT now(),
    rests_until     timestamptz NOT NULL DEFAULT '-infinity', -- it has refused, and is left alone
    refused         integer NOT NULL DEFAULT 0,
    asked           bigint NOT NULL DEFAULT 0
);
