-- name: add
INSERT INTO log_anchors (size, kind, name, body, time)
VALUES ($1::bigint, $2::text, $3::text, $4::bytea, $5::timestamptz)
    ON CONFLICT (size, kind, name) DO NOTHING;

-- name: anchors_of
SELECT size, kind, name, body, time FROM log_anchors WHERE size = $1::bigint
 ORDER BY kind DESC, time, name;

-- name: settle
INSERT INTO log_settled (size) VALUES ($1::bigint) ON CONFLICT DO NOTHING;

-- name: settled_above
SELECT size FROM log_settled WHERE size > $1::bigint ORDER BY size LIMIT 1;

-- name: newest_settled
SELECT size FROM log_settled ORDER BY size DESC LIMIT 1;
