-- Each statement of this first part gives the ids of what breaks one invariant; none is the norm.

-- name: event_without_evidence
SELECT e.id FROM events e
 WHERE NOT EXISTS (SELECT FROM evidence v
                    WHERE v.letter_month = e.letter_month AND v.event = e.id);

-- name: evidence_without_event
SELECT v.event AS id FROM evidence v
 WHERE NOT EXISTS (SELECT FROM events e
                    WHERE e.letter_month = v.letter_month AND e.id = v.event);

-- name: event_without_stream
SELECT e.id FROM events e
 WHERE NOT EXISTS (SELECT FROM deliveries d
                    WHERE d.letter_month = e.letter_month AND d.id = e.delivery)
   AND NOT EXISTS (SELECT FROM refused_submissions r
                    WHERE r.letter_month = e.letter_month AND r.stream = e.delivery);

-- name: stream_without_event
SELECT d.id FROM deliveries d
 WHERE NOT EXISTS (SELECT FROM events e
                    WHERE e.letter_month = d.letter_month AND e.delivery = d.id)
UNION ALL
SELECT r.stream FROM refused_submissions r
 WHERE NOT EXISTS (SELECT FROM events e
                    WHERE e.letter_month = r.letter_month AND e.delivery = r.stream);

-- name: delivery_without_letter
SELECT d.id FROM deliveries d
 WHERE NOT EXISTS (SELECT FROM letters l
                    WHERE l.letter_month = d.letter_month AND l.id = d.letter
                      AND l.sender = d.sender);

-- name: delivery_without_party
SELECT d.id FROM deliveries d
 WHERE NOT EXISTS (SELECT FROM parties p WHERE p.id = d.recipient)
    OR NOT EXISTS (SELECT FROM parties p WHERE p.id = d.sender);

-- name: letter_without_delivery
SELECT l.id FROM letters l
 WHERE NOT EXISTS (SELECT FROM deliveries d
                    WHERE d.letter_month = l.letter_month AND d.letter = l.id);

-- name: letter_without_main_document
SELECT l.id FROM letters l
 WHERE NOT EXISTS (SELECT FROM documents o
                    WHERE o.letter_month = l.letter_month AND o.letter = l.id AND o.number = 1
                      AND o.role = 'main');

-- name: document_without_letter
SELECT o.letter || '/' || o.number AS id FROM documents o
 WHERE NOT EXISTS (SELECT FROM letters l
                    WHERE l.letter_month = o.letter_month AND l.id = o.letter);

-- name: report_without_refusal
SELECT r.stream || '/' || r.number AS id FROM refused_reports r
 WHERE NOT EXISTS (SELECT FROM refused_submissions s
                    WHERE s.letter_month = r.letter_month AND s.stream = r.stream);

-- name: release_without_document
SELECT r.delivery || '/' || r.document AS id FROM releases r
 WHERE NOT EXISTS (SELECT FROM deliveries d
                     JOIN documents o ON o.letter_month = d.letter_month AND o.letter = d.letter
                    WHERE d.letter_month = r.letter_month AND d.id = r.delivery
                      AND o.number = r.document);

-- name: release_without_content
-- Said to have gone out, though no event ever made the content available.
SELECT r.delivery || '/' || r.document AS id FROM releases r
 WHERE NOT EXISTS (SELECT FROM events e
                    WHERE e.letter_month = r.letter_month AND e.delivery = r.delivery
                      AND e.name = 'ContentConsignment');

-- name: term_without_event
-- A term that no event set; one that an event set is in its evidence.
SELECT d.id FROM deliveries d
 WHERE d.acceptance_deadline IS NOT NULL
   AND NOT EXISTS (SELECT FROM events e
                    WHERE e.letter_month = d.letter_month AND e.delivery = d.id
                      AND e.name = 'NotificationForAcceptance')
UNION ALL
SELECT d.id FROM deliveries d
 WHERE d.holding_until IS NOT NULL
   AND NOT EXISTS (SELECT FROM events e
                    WHERE e.letter_month = d.letter_month AND e.delivery = d.id
                      AND e.name = 'ContentConsignment');

-- name: key_without_submission
SELECT i.sender || ' ' || i.key AS id FROM idempotency i
 WHERE NOT EXISTS (SELECT FROM letters l WHERE l.id = i.letter AND l.sender = i.sender)
   AND NOT EXISTS (SELECT FROM refused_submissions r
                    WHERE r.stream = i.stream AND r.sender = i.sender);

-- name: submission_without_key
SELECT l.id FROM letters l
 WHERE NOT EXISTS (SELECT FROM idempotency i WHERE i.sender = l.sender AND i.letter = l.id)
UNION ALL
SELECT r.stream FROM refused_submissions r
 WHERE NOT EXISTS (SELECT FROM idempotency i WHERE i.sender = r.sender AND i.stream = r.stream);

-- name: delivery_without_future
-- Not final, and nothing that would ever move it: no timer and no row that is still tried.
SELECT d.id FROM deliveries d
 WHERE d.state IN ('accepted', 'awaiting_acceptance', 'consigned')
   AND NOT EXISTS (SELECT FROM outbox o WHERE o.delivery = d.id AND o.parked_at IS NULL
                      AND o.kind = 'job' AND o.task <> 'recheck-signature');

-- name: row_without_purpose
-- A promise to a delivery that is over, or that is not there. Signatures are judged again even when
-- it is over.
SELECT o.id::text AS id FROM outbox o
 WHERE NOT EXISTS (SELECT FROM deliveries d
                    WHERE d.id = o.delivery
                      AND (d.state IN ('accepted', 'awaiting_acceptance', 'consigned')
                           OR o.task = 'recheck-signature'));

-- name: parked_row
SELECT o.id::text AS id FROM outbox o WHERE o.parked_at IS NOT NULL;

-- name: evidence_without_log
SELECT v.event AS id FROM evidence v
 WHERE NOT EXISTS (SELECT FROM log_queue q
                    WHERE q.evidence = 'evd_' || substr(v.event, 5))
   AND NOT EXISTS (SELECT FROM log_entries l
                    WHERE l.evidence = 'evd_' || substr(v.event, 5));

-- name: log_without_evidence
SELECT g.evidence AS id
  FROM (SELECT evidence FROM log_queue UNION ALL SELECT evidence FROM log_entries) AS g
 WHERE g.evidence IS NOT NULL
   AND NOT EXISTS (SELECT FROM evidence v WHERE v.event = 'evt_' || substr(g.evidence, 5));

-- name: logged_twice
SELECT g.evidence AS id
  FROM (SELECT evidence FROM log_queue UNION ALL SELECT evidence FROM log_entries) AS g
 WHERE g.evidence IS NOT NULL
 GROUP BY g.evidence
HAVING count(*) > 1;

-- name: log_with_holes
-- Places below the tree's size without an entry or a leaf, and entries or leaves beyond it.
SELECT coalesce(p.index, l.index, n.index)::text AS id
  FROM log_tree t
 CROSS JOIN LATERAL generate_series(0, t.size - 1) AS p(index)
  FULL JOIN log_entries l ON l.index = p.index
  FULL JOIN (SELECT index FROM log_nodes WHERE level = 0) AS n
    ON n.index = coalesce(p.index, l.index)
 WHERE p.index IS NULL OR l.index IS NULL OR n.index IS NULL;

-- name: head_beyond_tree
SELECT h.size::text AS id FROM log_heads h, log_tree t WHERE h.size > t.size;

-- name: evidence_without_record
-- The archive follows the log within minutes: an hour is an outage that somebody must know of.
SELECT l.evidence AS id
  FROM log_entries l
  JOIN events e ON e.id = 'evt_' || substr(l.evidence, 5)
 WHERE e.happened_at < now() - interval '1 hour'
   AND (SELECT r.first_index <= l.index AND r.stamps > 0
          FROM archive_rounds r
         WHERE r.end_index > l.index
         ORDER BY r.end_index
         LIMIT 1) IS NOT TRUE;

-- name: round_with_gap
SELECT r.number::text AS id
  FROM (SELECT number, first_index, lag(number, 1, 0::bigint) OVER whole AS number_before,
               lag(end_index, 1, 0::bigint) OVER whole AS end_before
          FROM archive_rounds
        WINDOW whole AS (ORDER BY number)) AS r
 WHERE r.number <> r.number_before + 1 OR r.first_index <> r.end_before;

-- name: round_without_stamp
-- What a round says of its timestamps is what they are.
SELECT r.number::text AS id
  FROM archive_rounds r
  LEFT JOIN LATERAL (
       SELECT count(*) AS number, max(s.place) AS last, bool_or(t.name <> '')
                  FILTER (WHERE s.digest_bits = r.digest_bits) AS outside,
              (array_agg(s.digest_bits ORDER BY s.place DESC))[1] AS digest_bits,
              (array_agg(t.until ORDER BY s.place DESC))[1] AS until
         FROM archive_stamps s JOIN archive_tokens t ON t.id = s.token
        WHERE s.round = r.number) AS there ON true
 WHERE (r.stamps, coalesce(there.last, 0), r.outside, r.until, r.digest_bits)
       IS DISTINCT FROM (there.number, there.number, coalesce(there.outside, false), there.until,
                         coalesce(there.digest_bits, 256));

-- name: round_ended
-- Nobody can check its newest timestamp any more: it was not renewed in time.
SELECT r.number::text AS id FROM archive_rounds r WHERE r.until < now();

-- Part two: rows for checks that need more than the database.

-- name: deliveries
SELECT d.id, d.mode, d.state, d.sequence AS last_sequence, d.last_event_at,
       e.sequence, e.name, e.cause, e.is_final, e.happened_at
  FROM deliveries d
  JOIN events e ON e.letter_month = d.letter_month AND e.delivery = d.id
 ORDER BY d.id, e.sequence;

-- name: refusals
SELECT r.stream AS id, e.sequence, e.name, e.cause, e.is_final, e.happened_at
  FROM refused_submissions r
  JOIN events e ON e.letter_month = r.letter_month AND e.delivery = r.stream
 ORDER BY r.stream, e.sequence;

-- name: evidence
SELECT v.event, e.delivery, coalesce(d.pseudonym, r.pseudonym) AS pseudonym, e.name, e.sequence,
       e.happened_at, v.xml, v.digest, l.index, coalesce(l.entry, q.entry) AS entry, d.letter,
       coalesce(d.sender, r.sender) AS sender, d.recipient, t.number, t.submitted_at,
       d.tracking, d.mode, d.acceptance_deadline, d.holding_until,
       t.sender AS letter_sender, t.written_on, t.subject, t.salutation, t.refers_to, t.urgency,
       t.secrecy, o.numbers, o.roles, o.filenames, o.sizes, o.algorithms,
       o.identifiers, o.media_types, o.digests, o.verdicts, o.reports, o.matches, o.scanners,
       ARRAY(SELECT f.digest FROM refused_reports f
              WHERE f.letter_month = r.letter_month AND f.stream = r.stream
              ORDER BY f.number) AS refused_reports
  FROM evidence v
  JOIN events e ON e.letter_month = v.letter_month AND e.id = v.event
  LEFT JOIN deliveries d ON d.letter_month = e.letter_month AND d.id = e.delivery
  LEFT JOIN letters t ON t.letter_month = d.letter_month AND t.id = d.letter
  LEFT JOIN refused_submissions r ON r.letter_month = e.letter_month AND r.stream = e.delivery
  LEFT JOIN log_entries l ON l.evidence = 'evd_' || substr(v.event, 5)
  LEFT JOIN log_queue q ON q.evidence = 'evd_' || substr(v.event, 5)
 -- As evidence names them; one row, its arrays NULL where there are none.
 CROSS JOIN LATERAL (
       SELECT array_agg(concat_ws('/', x.number, x.role, x.filename) ORDER BY x.number)
                AS identifiers,
              array_agg(x.number ORDER BY x.number) AS numbers,
              array_agg(x.role ORDER BY x.number) AS roles,
              array_agg(x.filename ORDER BY x.number) AS filenames,
              array_agg(x.size ORDER BY x.number) AS sizes,
              array_agg(x.algorithm ORDER BY x.number) AS algorithms,
              array_agg(x.media_type ORDER BY x.number) AS media_types,
              array_agg(x.digest ORDER BY x.number) AS digests,
              array_agg(CASE WHEN x.verdict IS NULL THEN 'not-judged'
                             ELSE concat_ws('/', x.verdict->>'indication',
                                            x.verdict->>'sub_indication') END
                        ORDER BY x.number) AS verdicts,
              array_agg(x.report_digest ORDER BY x.number) AS reports,
              array_agg(x.sender_match ORDER BY x.number) AS matches,
              array_agg(x.scanned_by ORDER BY x.number) AS scanners
         FROM documents x
        WHERE x.letter_month = d.letter_month AND x.letter = d.letter) AS o
 ORDER BY v.event;

-- name: reports
SELECT o.letter || '/' || o.number AS id, o.report, o.report_digest AS digest
  FROM documents o
 WHERE o.report IS NOT NULL
UNION ALL
SELECT r.stream || '/' || r.number, r.report, r.digest
  FROM refused_reports r;

-- name: documents
SELECT l.id AS letter, l.wrapped_key, o.number AS document_number, o.segment, o.at_offset,
       o.length, o.digest
  FROM documents o
  JOIN letters l ON l.letter_month = o.letter_month AND l.id = o.letter
 ORDER BY o.letter, o.number;

-- name: log
SELECT l.index, l.evidence, l.entry, n.hash AS leaf
  FROM log_entries l
  LEFT JOIN log_nodes n ON n.level = 0 AND n.index = l.index
 ORDER BY l.index;

-- name: inner_nodes
SELECT n.level, n.index, n.hash, a.hash AS left, b.hash AS right
  FROM log_nodes n
  LEFT JOIN log_nodes a ON a.level = n.level - 1 AND a.index = 2 * n.index
  LEFT JOIN log_nodes b ON b.level = n.level - 1 AND b.index = 2 * n.index + 1
 WHERE n.level > 0;

-- name: heads
SELECT size, root, note, token FROM log_heads ORDER BY size;

-- name: archive_groups
-- A round has groups of 256 entries.
SELECT r.number, substr(r.roots, 32 * g.place + 1, 32) AS root,
       (SELECT array_agg(l.entry ORDER BY l.index)
          FROM log_entries l
         WHERE l.index >= r.first_index + 256 * g.place
           AND l.index < least(r.first_index + 256 * (g.place + 1), r.end_index)) AS entries
  FROM archive_rounds r
 CROSS JOIN LATERAL generate_series(0, (octet_length(r.roots) / 32) - 1) AS g(place);

-- name: archive_rounds
SELECT r.number, r.roots,
       array(SELECT t.token
               FROM archive_stamps s JOIN archive_tokens t ON t.id = s.token
              WHERE s.round = r.number ORDER BY s.place) AS tokens,
       array(SELECT s.siblings FROM archive_stamps s
              WHERE s.round = r.number ORDER BY s.place) AS siblings,
       array(SELECT s.digest_bits FROM archive_stamps s
              WHERE s.round = r.number ORDER BY s.place) AS bits,
       array(SELECT a.root FROM archive_leaves a
              WHERE a.round = r.number ORDER BY a.place) AS anew
  FROM archive_rounds r;

-- name: archive_leaves
-- Groups that were hashed anew, and what they are over.
SELECT r.number, r.roots,
       array(SELECT t.token
               FROM archive_stamps s JOIN archive_tokens t ON t.id = s.token
              WHERE s.round = r.number ORDER BY s.place) AS tokens,
       array(SELECT s.siblings FROM archive_stamps s
              WHERE s.round = r.number ORDER BY s.place) AS siblings,
       array(SELECT s.digest_bits FROM archive_stamps s
              WHERE s.round = r.number ORDER BY s.place) AS bits,
       '{}'::bytea[] AS anew,
       a.digest_bits, a.place, a.leaves, a.root, there.entries, there.xmls, there.digests
  FROM archive_leaves a
  JOIN archive_rounds r ON r.number = a.round
 CROSS JOIN LATERAL (
       SELECT array_agg(l.entry ORDER BY l.index) AS entries,
              array_agg(v.xml ORDER BY l.index) AS xmls,
              array_agg(v.digest ORDER BY l.index) AS digests
         FROM log_entries l
         LEFT JOIN evidence v ON v.event = 'evt_' || substr(l.evidence, 5)
        WHERE l.index >= r.first_index + 256 * a.place
          AND l.index < least(r.first_index + 256 * (a.place + 1), r.end_index)) AS there;

-- name: tree
SELECT epoch, size, root FROM log_tree;
