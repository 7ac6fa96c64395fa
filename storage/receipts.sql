-- name: newest
SELECT edition, pdf, digest, made_at, size, anchored_by, has_record
  FROM receipts
 WHERE evidence = $1::text
 ORDER BY edition DESC
 LIMIT 1;

-- name: edition
SELECT edition, pdf, digest, made_at, size, anchored_by, has_record
  FROM receipts
 WHERE evidence = $1::text AND edition = $2::integer;

-- name: keep
-- Of two who made the same edition at once, the first one's stays, for both.
INSERT INTO receipts (evidence, edition, pdf, digest, made_at, size, anchored_by, has_record)
VALUES ($1::text, $2::integer, $3::bytea, $4::bytea, $5::timestamptz, $6::bigint, $7::text[],
        $8::boolean)
    ON CONFLICT (evidence, edition) DO NOTHING;

-- name: sender
-- Of the delivery, or of the refused submission, that the event belongs to.
WITH event AS MATERIALIZED (
    SELECT letter_month, delivery FROM events WHERE letter_month = $1::date AND id = $2::text
)
SELECT d.sender
  FROM event
  JOIN deliveries d ON d.letter_month = event.letter_month AND d.id = event.delivery
UNION ALL
SELECT r.sender
  FROM event
  JOIN refused_submissions r ON r.letter_month = event.letter_month AND r.stream = event.delivery;
