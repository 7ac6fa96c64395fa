-- name: hold
SELECT pg_advisory_xact_lock($1);

-- name: lead
SELECT pg_try_advisory_lock($1);

-- name: tree
SELECT epoch, size, root FROM log_tree;

-- name: take
-- The oldest rows by id, so that of a delivery's waiting entries never a later one comes without
-- the earlier; then each delivery's together, in its order.
SELECT id, evidence, entry
  FROM (SELECT id, evidence, stream, sequence, entry FROM log_queue ORDER BY id LIMIT $1) AS oldest
 ORDER BY stream, sequence, id;

-- name: nodes
SELECT n.level, n.index, n.hash
  FROM unnest($1::smallint[], $2::bigint[]) AS wanted(level, index)
  JOIN log_nodes n ON n.level = wanted.level AND n.index = wanted.index;

-- name: node_range
-- A stretch of one level, for tiles.
SELECT hash FROM log_nodes WHERE level = $1 AND index >= $2 AND index < $3 ORDER BY index;

-- name: swap_tree
UPDATE log_tree
   SET epoch = $3, size = $4, root = $5
 WHERE epoch = $1 AND size = $2
RETURNING size;

-- name: leave_queue
WITH gone AS (
    DELETE FROM log_queue WHERE id = ANY ($1::bigint[]) RETURNING id
)
SELECT count(*) AS number FROM gone;

-- name: add_entries
INSERT INTO log_entries (index, evidence, entry)
SELECT $1::bigint + e.place - 1, e.evidence, e.entry
  FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS e(evidence, entry, place);

-- name: add_nodes
INSERT INTO log_nodes (level, index, hash)
SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]);

-- name: queue_operation
INSERT INTO log_queue (stream, sequence, entry) VALUES ('', 0, $1);

-- name: publish
-- Heads only grow; an older one, and the same again, change nothing.
INSERT INTO log_heads (size, root, note, token)
SELECT $1::bigint, $2::bytea, $3::bytea, $4::bytea
 WHERE NOT EXISTS (SELECT FROM log_heads WHERE size >= $1::bigint)
    ON CONFLICT DO NOTHING;

-- name: head_of
SELECT size, root, note, token FROM log_heads WHERE size = $1;

-- name: head
SELECT size, root, note, token FROM log_heads ORDER BY size DESC LIMIT 1;

-- name: entry
SELECT index, entry FROM log_entries WHERE evidence = $1;

-- name: entries
-- A stretch of the log, for tiles.
SELECT index, entry FROM log_entries WHERE index >= $1 AND index < $2 ORDER BY index;

-- name: waiting
SELECT count(*) AS number, min(id) AS oldest FROM log_queue;
