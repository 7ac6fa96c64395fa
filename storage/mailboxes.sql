-- name: letter
SELECT id FROM letters WHERE letter_month = $1 AND id = $2 AND sender = $3;

-- name: letters
-- A page of a sender's letters, newest first, from where the last page ended.
SELECT id
  FROM letters
 WHERE sender = $1 AND letter_month <= $2::date AND id < $3
 ORDER BY letter_month DESC, id DESC
 LIMIT $4;

-- name: delivery
-- For its sender, and for its recipient once it was notified or consigned.
SELECT id
  FROM deliveries
 WHERE letter_month = $1 AND id = $2
   AND (sender = $3
        OR (recipient = $3 AND (acceptance_deadline IS NOT NULL OR holding_until IS NOT NULL)));

-- name: tracked
SELECT id
  FROM deliveries
 WHERE tracking = $1
   AND (sender = $2
        OR (recipient = $2 AND (acceptance_deadline IS NOT NULL OR holding_until IS NOT NULL)));

-- name: inbox
-- A page of what a recipient may see, newest letter first.
SELECT id
  FROM deliveries
 WHERE recipient = $1 AND letter_month <= $2::date AND id < $3
   AND (acceptance_deadline IS NOT NULL OR holding_until IS NOT NULL)
 ORDER BY letter_month DESC, id DESC
 LIMIT $4;

-- name: letter_of
SELECT letter AS id FROM deliveries WHERE letter_month = $1 AND id = $2;

-- name: evidence
-- For the parties of its delivery; a refused submission's for its sender.
WITH found AS MATERIALIZED (
    SELECT letter_month, event, xml, digest FROM evidence WHERE letter_month = $1 AND event = $2
)
SELECT e.delivery, e.name, e.sequence, e.happened_at, found.xml, found.digest
  FROM found
  JOIN events e ON e.letter_month = found.letter_month AND e.id = found.event
 WHERE EXISTS (SELECT FROM deliveries d
                WHERE d.letter_month = e.letter_month AND d.id = e.delivery
                  AND (d.sender = $3
                       OR (d.recipient = $3 AND (d.acceptance_deadline IS NOT NULL
                                                 OR d.holding_until IS NOT NULL))))
    OR EXISTS (SELECT FROM refused_submissions r
                WHERE r.letter_month = e.letter_month AND r.stream = e.delivery
                  AND r.sender = $3);

-- name: content
-- The delivery first, then by its keys: seen as one join, the month alone would do as a way into
-- tables that were small when the plan was made.
WITH found AS MATERIALIZED (
    SELECT letter_month, letter, $3::smallint AS number
      FROM deliveries
     WHERE letter_month = $1 AND id = $2
)
SELECT l.id AS letter, l.wrapped_key, o.number AS document_number, o.segment, o.at_offset, o.length
  FROM found
  JOIN letters l ON l.letter_month = found.letter_month AND l.id = found.letter
  JOIN documents o ON o.letter_month = found.letter_month AND o.letter = found.letter
                  AND o.number = found.number;

-- name: report
-- For the sender, and for a recipient while the content may be read. Each step by its keys: seen as
-- one join, the month alone would do as a way in.
WITH named AS MATERIALIZED (
    SELECT letter_month, id, sender, $3::smallint AS number
      FROM letters
     WHERE letter_month = $1 AND id = $2
), found AS MATERIALIZED (
    SELECT n.letter_month, n.id, n.number
      FROM named n
     WHERE n.sender = $4
        OR EXISTS (SELECT FROM deliveries d
                    WHERE d.letter = n.id AND d.letter_month = n.letter_month
                      AND d.recipient = $4 AND d.state = ANY ($5::text[]))
)
SELECT o.report, o.report_digest AS digest
  FROM found
  JOIN documents o ON o.letter_month = found.letter_month AND o.letter = found.id
                  AND o.number = found.number
 WHERE o.report IS NOT NULL;

-- name: refusal_report
WITH found AS MATERIALIZED (
    SELECT letter_month, stream, $3::smallint AS number
      FROM refused_submissions
     WHERE letter_month = $1 AND stream = $2 AND sender = $4
)
SELECT r.report, r.digest
  FROM found
  JOIN refused_reports r ON r.letter_month = found.letter_month AND r.stream = found.stream
                        AND r.number = found.number;

-- name: recorded
SELECT fingerprint, letter, stream FROM idempotency WHERE sender = $1 AND key = $2;

-- name: refusal
WITH found AS MATERIALIZED (
    SELECT letter_month, stream, reasons
      FROM refused_submissions
     WHERE letter_month = $1 AND stream = $2 AND sender = $3
)
SELECT found.reasons, e.id AS event, e.happened_at
  FROM found
  JOIN events e ON e.letter_month = found.letter_month AND e.delivery = found.stream;
