-- name: covered
SELECT coalesce(max(end_index), 0) AS covered FROM archive_rounds;

-- name: add_round
-- The next round, where the last one ended: whoever comes second writes nothing.
INSERT INTO archive_rounds (number, first_index, end_index, roots)
SELECT coalesce(max(number), 0) + 1, $1::bigint, $2::bigint, $3::bytea
  FROM archive_rounds
HAVING coalesce(max(end_index), 0) = $1::bigint
    ON CONFLICT DO NOTHING;

-- name: round_of
SELECT number, first_index, end_index, roots
  FROM archive_rounds WHERE end_index > $1::bigint ORDER BY end_index LIMIT 1;

-- name: stamps_of
SELECT s.siblings, s.digest_bits, t.name, t.token, t.time, t.until
  FROM archive_stamps s JOIN archive_tokens t ON t.id = s.token
 WHERE s.round = $1::bigint
 ORDER BY s.place;

-- name: unstamped
SELECT number FROM archive_rounds WHERE stamps = 0 AND digest_bits = $2::smallint ORDER BY number LIMIT $1::integer;

-- name: own_word
SELECT number FROM archive_rounds WHERE NOT outside AND digest_bits = $2::smallint ORDER BY number LIMIT $1::integer;

-- name: ending
SELECT number
  FROM archive_rounds
 WHERE until < $3::timestamptz AND digest_bits = $2::smallint
 ORDER BY until LIMIT $1::integer;

-- name: weaker
SELECT number, first_index, end_index, roots
  FROM archive_rounds
 WHERE digest_bits < $1::smallint AND number > $2::bigint AND stamps > 0
 ORDER BY number LIMIT $3::integer;

-- name: count_weaker
SELECT count(*) AS number FROM archive_rounds WHERE digest_bits < $1::smallint;

-- name: evidence
-- Of a stretch of the log.
SELECT l.index, v.xml, v.digest
  FROM log_entries l
 CROSS JOIN LATERAL (
       SELECT xml, digest FROM evidence WHERE event = 'evt_' || substr(l.evidence, 5)) AS v
 WHERE l.index >= $1::bigint AND l.index < $2::bigint;

-- name: group_roots
SELECT place, root
  FROM archive_leaves WHERE round = $1::bigint AND digest_bits = $2::smallint ORDER BY place;

-- name: group_leaves
SELECT leaves
  FROM archive_leaves
 WHERE round = $1::bigint AND digest_bits = $2::smallint AND place = $3::integer;

-- name: due
SELECT r.number, r.roots, r.outside, r.until, r.stamps, r.digest_bits,
       (SELECT t.time
          FROM archive_stamps s JOIN archive_tokens t ON t.id = s.token
         WHERE s.round = r.number AND s.place = r.stamps) AS time,
       array(SELECT CASE r.digest_bits WHEN 512 THEN sha512(t.token) ELSE sha256(t.token) END
               FROM archive_stamps s JOIN archive_tokens t ON t.id = s.token
              WHERE s.round = r.number AND s.digest_bits = r.digest_bits
              ORDER BY s.place) AS token_digests
  FROM archive_rounds r
 WHERE r.number = ANY ($1::bigint[])
 ORDER BY r.number;

-- name: stamp
-- The token, and a stamp for each round that has as many as it had when it was read; with one that
-- begins a new chain, the chain's leaves.
WITH given AS (
    INSERT INTO archive_tokens (name, token, time, until)
    VALUES ($1::text, $2::bytea, $3::timestamptz, $4::timestamptz)
    RETURNING id
), wanted AS (
    SELECT *
      FROM unnest($5::bigint[], $6::smallint[], $7::bytea[], $8::smallint[])
             AS w(number, stamps, siblings, digest_bits)
), moved AS (
    UPDATE archive_rounds r
       SET stamps = r.stamps + 1, until = $4::timestamptz, digest_bits = w.digest_bits,
           outside = $1::text <> '' OR (r.outside AND r.digest_bits = w.digest_bits)
      FROM wanted w
     WHERE r.number = w.number AND r.stamps = w.stamps
    RETURNING r.number, r.stamps, w.siblings, w.digest_bits
), added AS (
    INSERT INTO archive_stamps (round, place, token, siblings, digest_bits)
    SELECT moved.number, moved.stamps, given.id, moved.siblings, moved.digest_bits
      FROM moved, given
    RETURNING round
), leaves AS (
    INSERT INTO archive_leaves (round, digest_bits, place, leaves, root)
    SELECT moved.number, moved.digest_bits, l.place, l.leaves, l.root
      FROM unnest($9::bigint[], $10::integer[], $11::bytea[], $12::bytea[])
           AS l(round, place, leaves, root)
      JOIN moved ON moved.number = l.round
)
SELECT count(*) AS number FROM added;

-- name: until_of
SELECT e.evidence, r.until
  FROM unnest($1::text[]) AS wanted(evidence)
  JOIN log_entries e ON e.evidence = wanted.evidence
 CROSS JOIN LATERAL (
       SELECT until, first_index FROM archive_rounds
        WHERE end_index > e.index ORDER BY end_index LIMIT 1) AS r
 WHERE r.first_index <= e.index AND r.until IS NOT NULL;

-- name: archived
SELECT count(*) AS rounds,
       count(*) FILTER (WHERE stamps = 0) AS unstamped,
       count(*) FILTER (WHERE NOT outside) AS own_word,
       min(until) AS until
  FROM archive_rounds;
