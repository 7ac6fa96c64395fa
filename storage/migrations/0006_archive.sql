-- What outsiders said of heads of the log.
CREATE TABLE log_anchors (
    size bigint NOT NULL REFERENCES log_heads,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('witness', 'timestamp')),
    name text COLLATE "C" NOT NULL CHECK (name <> ''),
    body bytea NOT NULL,
    time timestamptz NOT NULL,
    PRIMARY KEY (size, kind, name)
);

-- Heads under which proofs are given from then on: enough outsiders vouched for them.
CREATE TABLE log_settled (
    size bigint PRIMARY KEY REFERENCES log_heads
);

-- A stretch of the log whose evidences share a tree of RFC 4998. Leaves are the digests in the
-- entries; `roots` has the root of each 256 entries, zeros where there is no evidence.
CREATE TABLE archive_rounds (
    number      bigint PRIMARY KEY CHECK (number >= 1),
    first_index bigint NOT NULL UNIQUE CHECK (first_index >= 0),
    end_index   bigint NOT NULL UNIQUE CHECK (end_index > first_index),
    roots       bytea NOT NULL,
    stamps      smallint NOT NULL DEFAULT 0 CHECK (stamps >= 0),
    outside     boolean NOT NULL DEFAULT false,
    until       timestamptz,
    CHECK (octet_length(roots) = 32 * ((end_index - first_index + 255) / 256)),
    CHECK ((stamps = 0) = (until IS NULL)),
    CHECK (stamps > 0 OR NOT outside)
);
CREATE INDEX archive_rounds_unstamped ON archive_rounds (number) WHERE stamps = 0;
CREATE INDEX archive_rounds_own_word ON archive_rounds (number) WHERE NOT outside;
CREATE INDEX archive_rounds_until ON archive_rounds (until);

-- Timestamps over rounds; `name` is the authority's, empty for our own unit's.
CREATE TABLE archive_tokens (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name  text COLLATE "C" NOT NULL,
    token bytea NOT NULL,
    time  timestamptz NOT NULL,
    until timestamptz NOT NULL CHECK (until > time)
);

-- A round's timestamps, the oldest first; each after the first is over those before it.
-- `siblings`: what the round's leaf meets on its way to the root that the timestamp is over.
CREATE TABLE archive_stamps (
    round    bigint NOT NULL REFERENCES archive_rounds,
    place    smallint NOT NULL CHECK (place >= 1),
    token    bigint NOT NULL REFERENCES archive_tokens,
    siblings bytea NOT NULL CHECK (octet_length(siblings) % 32 = 0),
    PRIMARY KEY (round, place)
);
