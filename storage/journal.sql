-- name: claim_keys
-- Waits for another transaction that holds the same key; in order, so that two such transactions
-- never wait for each other.
INSERT INTO idempotency (sender, key, fingerprint)
SELECT k.sender, k.key, k.fingerprint
  FROM unnest($1::text[], $2::text[], $3::bytea[]) AS k(sender, key, fingerprint)
 ORDER BY k.sender COLLATE "C", k.key COLLATE "C"
    ON CONFLICT (sender, key) DO NOTHING
RETURNING sender, key, fingerprint;

-- name: read_keys
-- A statement of its own: what the claim had to wait for is visible only to a later snapshot.
SELECT i.sender, i.key, i.fingerprint, i.letter, i.stream
  FROM unnest($1::text[], $2::text[]) AS k(sender, key)
  JOIN idempotency i ON i.sender = k.sender AND i.key = k.key;

-- name: complete_keys
-- Only what this transaction claimed; a row that is not returned was not claimed.
UPDATE idempotency i
   SET letter = k.letter, stream = k.stream
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k(sender, key, letter, stream)
 WHERE i.sender = k.sender AND i.key = k.key AND i.letter IS NULL AND i.stream IS NULL
RETURNING i.key;

-- name: drop_keys
-- Keys claimed in this transaction for submissions that came to nothing.
DELETE FROM idempotency i
 USING unnest($1::text[], $2::text[]) AS k(sender, key)
 WHERE i.sender = k.sender AND i.key = k.key AND i.letter IS NULL AND i.stream IS NULL;

-- name: lock_deliveries
SELECT d.id, d.letter, d.sender, d.recipient, d.mode, d.channel, d.tracking, d.pseudonym, d.state,
       d.sequence, d.last_event_at, d.accept_within, d.acceptance_deadline, d.holding_until
  FROM unnest($1::date[], $2::text[]) AS wanted(letter_month, id)
  JOIN deliveries d ON d.letter_month = wanted.letter_month AND d.id = wanted.id
 ORDER BY d.id
   FOR NO KEY UPDATE OF d;

-- name: read_history
-- After the locks: the snapshot of the locking statement may be older than what it waited for.
SELECT wanted.id,
       ARRAY(SELECT r.document FROM releases r
              WHERE r.letter_month = wanted.letter_month AND r.delivery = wanted.id) AS released,
       ARRAY(SELECT e.name || ' ' || e.cause FROM events e
              WHERE e.letter_month = wanted.letter_month AND e.delivery = wanted.id
                AND e.cause <> '') AS happened
  FROM unnest($1::date[], $2::text[]) AS wanted(letter_month, id);

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

-- name: lock_outbox
SELECT id FROM outbox WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE;

-- name: write_letters
-- Letters, their documents and their deliveries in one statement: one round trip.
WITH new_letters AS (
    INSERT INTO letters (letter_month, id, sender, number, written_on, subject, salutation,
                         refers_to, urgency, secrecy, submitted_at, wrapped_key)
    SELECT letter_month, id, sender, number, written_on, subject, salutation, refers_to::jsonb,
           urgency, secrecy, submitted_at, wrapped_key
      FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::date[], $6::text[],
                  $7::text[], $8::text[], $9::text[], $10::text[], $11::timestamptz[],
                  $12::bytea[])
           AS l(letter_month, id, sender, number, written_on, subject, salutation, refers_to,
                urgency, secrecy, submitted_at, wrapped_key)
), new_documents AS (
    INSERT INTO documents (letter_month, letter, number, role, filename, media_type, size,
                           algorithm, digest, verdict, report, report_digest, sender_match,
                           scanned_by, segment, at_offset, length)
    SELECT letter_month, letter, number, role, filename, media_type, size, algorithm, digest,
           verdict::jsonb, report, report_digest, sender_match, scanned_by, segment, at_offset,
           length
      FROM unnest($13::date[], $14::text[], $15::smallint[], $16::text[], $17::text[],
                  $18::text[], $19::bigint[], $20::text[], $21::bytea[], $22::text[],
                  $23::bytea[], $24::bytea[], $25::text[], $26::text[], $27::text[], $28::bigint[],
                  $29::bigint[])
           AS d(letter_month, letter, number, role, filename, media_type, size, algorithm, digest,
                verdict, report, report_digest, sender_match, scanned_by, segment, at_offset,
                length)
)
INSERT INTO deliveries (letter_month, id, letter, sender, recipient, mode, channel, tracking,
                        pseudonym, state, sequence, last_event_at, accept_within,
                        acceptance_deadline, holding_until)
SELECT * FROM unnest($30::date[], $31::text[], $32::text[], $33::text[], $34::text[], $35::text[],
                     $36::text[], $37::text[], $38::text[], $39::text[], $40::integer[],
                     $41::timestamptz[], $42::interval[], $43::timestamptz[], $44::timestamptz[]);

-- name: write_refusals
INSERT INTO refused_submissions (letter_month, stream, sender, pseudonym, reasons, refused_at)
SELECT letter_month, stream, sender, pseudonym, reasons::jsonb, refused_at
  FROM unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
       AS r(letter_month, stream, sender, pseudonym, reasons, refused_at);

-- name: write_refused_reports
INSERT INTO refused_reports (letter_month, stream, number, report, digest)
SELECT * FROM unnest($1::date[], $2::text[], $3::smallint[], $4::bytea[], $5::bytea[]);

-- name: move_deliveries
-- A row that is not returned was not as the decision saw it.
UPDATE deliveries d
   SET state = m.state, sequence = m.sequence, last_event_at = m.last_event_at,
       acceptance_deadline = m.acceptance_deadline, holding_until = m.holding_until
  FROM unnest($1::date[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::integer[],
              $7::timestamptz[], $8::timestamptz[], $9::timestamptz[])
       AS m(letter_month, id, state_before, sequence_before, state, sequence, last_event_at,
            acceptance_deadline, holding_until)
 WHERE d.letter_month = m.letter_month AND d.id = m.id
   AND d.state = m.state_before AND d.sequence = m.sequence_before
RETURNING d.id;

-- name: write_releases
INSERT INTO releases (letter_month, delivery, document)
SELECT * FROM unnest($1::date[], $2::text[], $3::smallint[]);

-- name: write_events
-- Each event, its evidence and its entry for the log together, in the order given: for one
-- delivery the queue's ids grow with its sequence.
WITH new AS MATERIALIZED (
    SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::text[],
                         $7::boolean[], $8::timestamptz[], $9::text[], $10::bytea[], $11::bytea[],
                         $12::bytea[])
             WITH ORDINALITY
             AS e(letter_month, id, delivery, sequence, name, cause, is_final, happened_at,
                  evidence, xml, digest, entry, place)
), happened AS (
    INSERT INTO events (letter_month, id, delivery, sequence, name, cause, is_final, happened_at)
    SELECT letter_month, id, delivery, sequence, name, cause, is_final, happened_at FROM new
), proved AS (
    INSERT INTO evidence (letter_month, event, xml, digest)
    SELECT letter_month, id, xml, digest FROM new
)
INSERT INTO log_queue (evidence, stream, sequence, entry)
SELECT evidence, delivery, sequence, entry FROM new ORDER BY place;

-- name: forget_tasks
DELETE FROM outbox o
 USING unnest($1::text[], $2::text[]) AS f(delivery, task)
 WHERE o.delivery = f.delivery AND o.task = f.task;

-- name: finish_outbox
DELETE FROM outbox WHERE id = ANY ($1::bigint[]);

-- name: write_outbox
INSERT INTO outbox (kind, task, delivery, next_try)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]);

-- name: probe_events
-- Rolled back by the caller. Unlike a read, an insert waits for a transaction that has the same
-- key and is not over yet: what comes back was not committed, and cannot be any more.
INSERT INTO events (letter_month, id, delivery, sequence, name, cause, is_final, happened_at)
SELECT p.letter_month, p.id, p.id, 1, 'SubmissionAcceptance', '', false, now()
  FROM unnest($1::date[], $2::text[]) AS p(letter_month, id)
 ORDER BY p.id COLLATE "C"
    ON CONFLICT DO NOTHING
RETURNING id;

-- name: beat
INSERT INTO heartbeat (at) VALUES ($1::timestamptz)
    ON CONFLICT (only_one) DO UPDATE SET at = greatest(heartbeat.at, excluded.at);

-- name: last_beat
SELECT at FROM heartbeat;
