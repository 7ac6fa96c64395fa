-- Small verifiers whose digests were entered into the log's queue, each in the transaction of its
-- entry.
CREATE TABLE verifiers (
    name         text COLLATE "C" NOT NULL CHECK (name <> ''),
    digest       bytea NOT NULL CHECK (octet_length(digest) = 32),
    published_at timestamptz NOT NULL,
    PRIMARY KEY (name, digest)
);
