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

-- name: evidence
-- For the parties of its delivery; a refused submission's for its sender.
SELECT e.delivery, e.name, e.sequence, e.happened_at, v.xml, v.digest
  FROM evidence v
  JOIN events e ON e.letter_month = v.letter_month AND e.id = v.event
 WHERE v.letter_month = $1 AND v.event = $2
   AND (EXISTS (SELECT FROM deliveries d
                 WHERE d.letter_month = $1 AND d.id = e.delivery
                   AND (d.sender = $3
                        OR (d.recipient = $3 AND (d.acceptance_deadline IS NOT NULL
                                                  OR d.holding_until IS NOT NULL))))
        OR EXISTS (SELECT FROM refused_submissions r
                    WHERE r.letter_month = $1 AND r.stream = e.delivery AND r.sender = $3));

-- name: content
SELECT l.id AS letter, l.wrapped_key, o.number AS document_number, o.segment, o.at_offset, o.length
  FROM deliveries d
  JOIN letters l ON l.letter_month = d.letter_month AND l.id = d.letter
  JOIN documents o ON o.letter_month = l.letter_month AND o.letter = l.id
 WHERE d.letter_month = $1 AND d.id = $2 AND o.number = $3;

-- name: recorded
SELECT fingerprint, letter, stream FROM idempotency WHERE sender = $1 AND key = $2;

-- name: refusal
SELECT r.reasons, e.id AS event, e.happened_at
  FROM refused_submissions r
  JOIN events e ON e.letter_month = r.letter_month AND e.delivery = r.stream
 WHERE r.letter_month = $1 AND r.stream = $2 AND r.sender = $3;
