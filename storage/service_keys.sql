-- name: all
SELECT k.use, k.key, k.certificate, k.ends_at, k.in_service_at, r.retires_at,
       c.since AS compromised_since, c.reason
  FROM service_keys k
  LEFT JOIN retired_keys r ON r.use = k.use AND r.key = k.key
  LEFT JOIN compromised_keys c ON c.key = k.key
 ORDER BY k.in_service_at, k.use, k.key, k.certificate;

-- name: enter
-- The key and its entry, both or neither; nothing where it is known.
WITH entered AS (
    INSERT INTO service_keys (use, key, certificate, ends_at, in_service_at)
    VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (use, key, certificate) DO NOTHING
    RETURNING key
)
INSERT INTO log_queue (stream, sequence, entry)
SELECT '', 0, $6::bytea FROM entered
RETURNING id;

-- name: retire
-- Never later than it was said before: the log holds that promise.
WITH retired AS (
    INSERT INTO retired_keys AS r (use, key, retires_at)
    VALUES ($1, $2, $3)
        ON CONFLICT (use, key) DO UPDATE SET retires_at = excluded.retires_at
     WHERE excluded.retires_at < r.retires_at
    RETURNING key
)
INSERT INTO log_queue (stream, sequence, entry)
SELECT '', 0, $4::bytea FROM retired
RETURNING id;

-- name: compromise
-- A moment that was told can only move back in time.
WITH compromised AS (
    INSERT INTO compromised_keys AS c (key, since, reason, entered_at)
    VALUES ($1, $2, $3, $4)
        ON CONFLICT (key) DO UPDATE
       SET since = excluded.since, reason = excluded.reason, entered_at = excluded.entered_at
     WHERE excluded.since < c.since
    RETURNING key
)
INSERT INTO log_queue (stream, sequence, entry)
SELECT '', 0, $5::bytea FROM compromised
RETURNING id;

-- name: newest_trust_file
SELECT version, content, made_at, entry FROM trust_files ORDER BY version DESC LIMIT 1;

-- name: record_trust_file
WITH recorded AS (
    INSERT INTO trust_files (version, digest, content, made_at, entry)
    SELECT $1::bigint, sha256($2::bytea), $2::bytea, $3::timestamptz, $4::bytea
     WHERE NOT EXISTS (SELECT FROM trust_files WHERE version >= $1::bigint)
        ON CONFLICT (version) DO NOTHING
    RETURNING version
)
INSERT INTO log_queue (stream, sequence, entry)
SELECT '', 0, $4::bytea FROM recorded
RETURNING id;

-- name: place
-- Of an operation: it is no evidence's entry.
SELECT index, entry FROM log_entries WHERE evidence IS NULL AND entry = $1 ORDER BY index LIMIT 1;
