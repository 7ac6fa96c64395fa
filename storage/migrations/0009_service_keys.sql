-- Keys of the service that were entered into the log's queue, each in the transaction of its entry.
CREATE TABLE service_keys (
    use           text COLLATE "C" NOT NULL
                  CHECK (use IN ('seal', 'log', 'log-mldsa', 'timestamp', 'receipt')),
    key           bytea NOT NULL CHECK (octet_length(key) = 32),
    -- Empty where there is none: a certificate may be renewed for the same key.
    certificate   bytea NOT NULL CHECK (octet_length(certificate) IN (0, 32)),
    ends_at       timestamptz,
    in_service_at timestamptz NOT NULL,
    PRIMARY KEY (use, key, certificate),
    CHECK ((certificate = '') = (ends_at IS NULL))
);

CREATE TABLE retired_keys (
    use        text COLLATE "C" NOT NULL,
    key        bytea NOT NULL CHECK (octet_length(key) = 32),
    retires_at timestamptz NOT NULL,
    PRIMARY KEY (use, key)
);

CREATE TABLE compromised_keys (
    key        bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    since      timestamptz NOT NULL,
    reason     text NOT NULL CHECK (reason <> ''),
    entered_at timestamptz NOT NULL
);

-- Versions of the trust file for strangers that were entered into the log's queue.
CREATE TABLE trust_files (
    version bigint PRIMARY KEY CHECK (version >= 1),
    digest  bytea NOT NULL CHECK (digest = sha256(content)),
    content bytea NOT NULL,
    made_at timestamptz NOT NULL,
    entry   bytea NOT NULL
);
