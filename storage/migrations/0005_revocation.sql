-- Revocation data that were fetched. Bytes are kept for ever: reports name them by their digest.
CREATE TABLE revocation_data (
    sha256  bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    kind    text COLLATE "C" NOT NULL CHECK (kind IN ('crl', 'ocsp')),
    content bytea NOT NULL,
    kept_at timestamptz NOT NULL
);
ALTER TABLE revocation_data ALTER COLUMN content SET STORAGE EXTERNAL;

-- The newest answer of each source, and how it behaves. A cache: it may be emptied.
CREATE TABLE revocation_sources (
    key         bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    kind        text COLLATE "C" NOT NULL CHECK (kind IN ('crl', 'ocsp')),
    url         text NOT NULL,
    sha256      bytea REFERENCES revocation_data,
    fetched_at  timestamptz,
    this_update timestamptz,
    next_update timestamptz,
    failures    integer NOT NULL CHECK (failures >= 0),
    next_try    timestamptz,
    CHECK ((sha256 IS NULL) = (fetched_at IS NULL))
);
