-- name: deliveries_of_letters
SELECT d.id
  FROM unnest($1::date[], $2::text[]) AS wanted(letter_month, id)
  JOIN deliveries d ON d.letter_month = wanted.letter_month AND d.letter = wanted.id
 ORDER BY d.id;

-- name: deliveries
SELECT d.id, d.letter, d.sender, d.recipient, d.mode, d.channel, d.tracking, d.pseudonym, d.state,
       d.sequence, d.last_event_at, d.accept_within, d.acceptance_deadline, d.holding_until,
       ARRAY(SELECT r.document FROM releases r
              WHERE r.letter_month = d.letter_month AND r.delivery = d.id) AS released
  FROM unnest($1::date[], $2::text[]) AS wanted(letter_month, id)
  JOIN deliveries d ON d.letter_month = wanted.letter_month AND d.id = wanted.id
 ORDER BY d.id;

-- name: events
SELECT e.id, e.delivery, e.sequence, e.name, e.cause, e.happened_at
  FROM unnest($1::date[], $2::text[]) AS wanted(letter_month, delivery)
  JOIN events e ON e.letter_month = wanted.letter_month AND e.delivery = wanted.delivery
 ORDER BY e.delivery, e.sequence;

-- name: read_letters
SELECT l.id, l.sender, l.number, l.written_on, l.subject, l.salutation, l.refers_to, l.urgency,
       l.secrecy, l.submitted_at,
       d.number AS document_number, d.role, d.filename, d.media_type, d.size, d.algorithm, d.digest,
       d.verdict, d.report_digest, d.sender_match, d.scanned_by
  FROM unnest($1::date[], $2::text[]) AS wanted(letter_month, id)
  JOIN letters l ON l.letter_month = wanted.letter_month AND l.id = wanted.id
  JOIN documents d ON d.letter_month = l.letter_month AND d.letter = l.id
 ORDER BY l.id, d.number;

-- name: read_parties
SELECT id, name_th, name_en, assurance, channel, mailbox_open
  FROM parties
 WHERE id = ANY ($1::text[]);
