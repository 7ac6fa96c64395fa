-- Versions of the judge's trust store that were entered into the log's queue, each in the
-- transaction of its entry. A service never relies on one that is older than the newest here.
CREATE TABLE trust_stores (
    version bigint PRIMARY KEY CHECK (version >= 1),
    digest  bytea NOT NULL CHECK (octet_length(digest) = 32),
    made_at timestamptz NOT NULL
);
