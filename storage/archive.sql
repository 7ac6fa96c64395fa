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
SELECT s.siblings, t.name, t.token, t.time, t.until
  FROM archive_stamps s JOIN archive_tokens t ON t.id = s.token
 WHERE s.round = $1::bigint
 ORDER BY s.place;

-- name: unstamped
SELECT number FROM archive_rounds WHERE stamps = 0 ORDER BY number LIMIT $1::integer;

-- name: own_word
SELECT number FROM archive_rounds WHERE NOT outside ORDER BY number LIMIT $1::integer;

-- name: ending
SELECT number FROM archive_rounds WHERE until < $2::timestamptz ORDER BY until LIMIT $1::integer;

-- name: due
SELECT r.number, r.roots, r.outside, r.until,
       (SELECT t.time
          FROM archive_stamps s JOIN archive_tokens t ON t.id = s.token
         WHERE s.round = r.number AND s.place = r.stamps) AS time,
       array(SELECT sha256(t.token)
               FROM archive_stamps s JOIN archive_tokens t ON t.id = s.token
              WHERE s.round = r.number
              ORDER BY s.place) AS token_digests
  FROM archive_rounds r
 WHERE r.number = ANY ($1::bigint[])
 ORDER BY r.number;

-- name: stamp
-- The token, and a stamp for each round that has as many as it had when it was read.
WITH given AS (
    INSERT INTO archive_tokens (name, token, time, until)
    VALUES ($1::text, $2::bytea, $3::timestamptz, $4::timestamptz)
    RETURNING id
), wanted AS (
    SELECT *
      FROM unnest($5::bigint[], $6::smallint[], $7::bytea[]) AS w(number, stamps, siblings)
), moved AS (
    UPDATE archive_rounds r
       SET stamps = r.stamps + 1, outside = r.outside OR $1::text <> '', until = $4::timestamptz
      FROM wanted w
     WHERE r.number = w.number AND r.stamps = w.stamps
    RETURNING r.number, r.stamps, w.siblings
), added AS (
    INSERT INTO archive_stamps (round, place, token, siblings)
    SELECT moved.number, moved.stamps, given.id, moved.siblings FROM moved, given
    RETURNING round
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
