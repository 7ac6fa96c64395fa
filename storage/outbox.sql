-- name: claim
-- Each task's due rows, oldest first; what others have in hand is passed over. Rows that had all
-- their attempts are parked and not returned. $4 holds the next try after 1, 2, 3 ... attempts.
WITH due AS MATERIALIZED (
    SELECT o.id, o.next_try
      FROM unnest($1::text[]) AS wanted(task)
     CROSS JOIN LATERAL (
           SELECT id, next_try FROM outbox
            WHERE task = wanted.task AND parked_at IS NULL AND next_try <= $2::timestamptz
            ORDER BY next_try
            LIMIT $3
              FOR UPDATE SKIP LOCKED) AS o
     ORDER BY o.next_try
     LIMIT $3
), claimed AS (
    UPDATE outbox o
       SET attempts = least(o.attempts + 1, cardinality($4::timestamptz[])),
           next_try = coalesce(($4::timestamptz[])[o.attempts + 1], o.next_try),
           parked_at = CASE WHEN o.attempts >= cardinality($4::timestamptz[]) THEN $2 END
      FROM due
     WHERE o.id = due.id
    RETURNING o.id, o.task, o.delivery, o.attempts, o.parked_at
)
SELECT id, task, delivery, attempts FROM claimed WHERE parked_at IS NULL ORDER BY id;

-- name: items
-- By id first: in one condition with `parked_at`, the index of due rows would be walked as well.
WITH named AS MATERIALIZED (
    SELECT id, task, delivery, attempts, parked_at FROM outbox WHERE id = ANY ($1::bigint[])
)
SELECT id, task, delivery, attempts FROM named WHERE parked_at IS NULL ORDER BY id;

-- name: postpone
WITH held AS MATERIALIZED (
    SELECT id, parked_at FROM outbox WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE
)
UPDATE outbox o
   SET next_try = $2::timestamptz, attempts = greatest(o.attempts - 1, 0)
  FROM held
 WHERE o.id = held.id AND held.parked_at IS NULL;

-- name: finish
WITH held AS MATERIALIZED (
    SELECT id FROM outbox WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE
)
DELETE FROM outbox o USING held WHERE o.id = held.id;

-- name: parked
SELECT id, task, delivery, attempts
  FROM outbox
 WHERE parked_at IS NOT NULL AND id > $1
 ORDER BY id
 LIMIT $2;

-- name: replay
UPDATE outbox
   SET parked_at = NULL, attempts = 0, next_try = $2::timestamptz
 WHERE id = ANY ($1::bigint[]) AND parked_at IS NOT NULL
RETURNING id;

-- name: pressure
-- What an operator watches: due and parked rows of each task, and how long the oldest waits.
SELECT task,
       count(*) FILTER (WHERE parked_at IS NULL AND next_try <= $1::timestamptz) AS due,
       count(*) FILTER (WHERE parked_at IS NOT NULL) AS parked,
       min(next_try) FILTER (WHERE parked_at IS NULL AND next_try <= $1::timestamptz) AS oldest
  FROM outbox
 GROUP BY task
 ORDER BY task;
