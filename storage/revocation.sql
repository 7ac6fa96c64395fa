-- name: state
SELECT s.sha256, d.content, s.fetched_at, s.this_update, s.next_update, s.failures, s.next_try
  FROM revocation_sources s
  LEFT JOIN revocation_data d ON d.sha256 = s.sha256
 WHERE s.key = $1::bytea;

-- name: keep
-- Bytes first, then the source that points at them. The validity of bytes that came again stays.
WITH kept AS (
    INSERT INTO revocation_data (sha256, kind, content, kept_at)
    VALUES ($4::bytea, $2::text, $5::bytea, $6::timestamptz)
        ON CONFLICT (sha256) DO NOTHING
)
INSERT INTO revocation_sources AS s (key, kind, url, sha256, fetched_at, failures)
VALUES ($1::bytea, $2::text, $3::text, $4::bytea, $6::timestamptz, 0)
    ON CONFLICT (key) DO UPDATE
   SET sha256 = excluded.sha256, fetched_at = excluded.fetched_at, failures = 0, next_try = NULL,
       this_update = CASE WHEN s.sha256 = excluded.sha256 THEN s.this_update END,
       next_update = CASE WHEN s.sha256 = excluded.sha256 THEN s.next_update END
RETURNING s.this_update, s.next_update;

-- name: fail
INSERT INTO revocation_sources AS s (key, kind, url, failures, next_try)
VALUES ($1::bytea, $2::text, $3::text, 1, $4::timestamptz)
    ON CONFLICT (key) DO UPDATE SET failures = s.failures + 1, next_try = excluded.next_try
RETURNING s.failures;

-- name: learn
UPDATE revocation_sources
   SET this_update = $3::timestamptz, next_update = $4::timestamptz
 WHERE key = $1::bytea AND sha256 = $2::bytea;

-- name: held
SELECT sha256 FROM revocation_data WHERE sha256 = ANY ($1::bytea[]);

-- name: hold
INSERT INTO revocation_data (sha256, kind, content, kept_at)
VALUES ($1::bytea, $2::text, $3::bytea, $4::timestamptz)
    ON CONFLICT (sha256) DO NOTHING;

-- name: content
SELECT content FROM revocation_data WHERE sha256 = $1::bytea;
