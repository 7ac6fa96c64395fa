-- A round's newest chain of timestamps, and each timestamp's chain, by the bits of its digest: where
-- they change from one timestamp to the next, a new chain begins (RFC 4998, 5.3).
ALTER TABLE archive_rounds
    ADD COLUMN digest_bits smallint NOT NULL DEFAULT 256 CHECK (digest_bits IN (256, 512)),
    ADD CHECK (stamps > 0 OR digest_bits = 256);
CREATE INDEX archive_rounds_digest ON archive_rounds (digest_bits, number);
DROP INDEX archive_rounds_own_word;
CREATE INDEX archive_rounds_own_word ON archive_rounds (digest_bits, number) WHERE NOT outside;
DROP INDEX archive_rounds_until;
CREATE INDEX archive_rounds_until ON archive_rounds (digest_bits, until);

ALTER TABLE archive_stamps
    ADD COLUMN digest_bits smallint NOT NULL DEFAULT 256 CHECK (digest_bits IN (256, 512)),
    ADD CHECK (octet_length(siblings) % (digest_bits / 8) = 0);

-- Leaves of later chains: each is over an evidence and all that was stamped of it before, so that
-- the log alone does not give them. One row for each 256 entries that have evidence.
CREATE TABLE archive_leaves (
    round       bigint NOT NULL REFERENCES archive_rounds,
    digest_bits smallint NOT NULL CHECK (digest_bits = 512),
    place       integer NOT NULL CHECK (place >= 0),
    leaves      bytea NOT NULL CHECK (octet_length(leaves) > 0),
    root        bytea NOT NULL CHECK (octet_length(root) = digest_bits / 8),
    PRIMARY KEY (round, digest_bits, place),
    CHECK (octet_length(leaves) % (digest_bits / 8) = 0)
);
