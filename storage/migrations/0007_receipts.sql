-- Receipts (PDF) that somebody asked for, each edition written once. Not partitioned: they are few
-- beside evidence, may be asked for years later, and can be made again at any time.
CREATE TABLE receipts (
    evidence    text COLLATE "C" NOT NULL CHECK (evidence LIKE 'evd\_%'),
    edition     integer NOT NULL CHECK (edition >= 1),
    pdf         bytea NOT NULL,
    digest      bytea NOT NULL CHECK (octet_length(digest) = 32),
    made_at     timestamptz NOT NULL,
    size        bigint NOT NULL CHECK (size >= 1),
    anchored_by text[] NOT NULL,
    has_record  boolean NOT NULL,
    PRIMARY KEY (evidence, edition)
);
ALTER TABLE receipts ALTER COLUMN pdf SET STORAGE EXTERNAL;
