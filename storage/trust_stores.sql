-- name: newest
SELECT version, digest FROM trust_stores ORDER BY version DESC LIMIT 1;

-- name: record
-- The version and its entry, both or neither; nothing where this version or a newer one is known.
-- Another transaction that records the same version is waited for.
WITH recorded AS (
    INSERT INTO trust_stores (version, digest, made_at)
    SELECT $1::bigint, $2::bytea, $3::timestamptz
     WHERE NOT EXISTS (SELECT FROM trust_stores WHERE version >= $1::bigint)
        ON CONFLICT (version) DO NOTHING
    RETURNING version
)
INSERT INTO log_queue (stream, sequence, entry)
SELECT '', 0, $4::bytea FROM recorded
RETURNING id;
