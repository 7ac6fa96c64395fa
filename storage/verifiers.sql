-- name: all
SELECT name, digest, published_at FROM verifiers ORDER BY published_at, name, digest;

-- name: publish
-- The digest and its entry, both or neither; nothing where it is known.
WITH published AS (
    INSERT INTO verifiers (name, digest, published_at)
    VALUES ($1::text, $2::bytea, $3::timestamptz)
        ON CONFLICT (name, digest) DO NOTHING
    RETURNING name
)
INSERT INTO log_queue (stream, sequence, entry)
SELECT '', 0, $4::bytea FROM published
RETURNING id;
