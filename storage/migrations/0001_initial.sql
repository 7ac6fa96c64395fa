-- The record of letters, deliveries, events and evidence; what must still be done; the public log.
--
-- Every row of a letter carries letter_month, the first day (UTC) of the month in its letter's id:
-- the partition key from the first day on. Monthly partitions are made by storage/partitions.py;
-- there is no default partition, so that a row never lands where nobody looks for it.
--
-- Between partitioned tables there are no foreign keys. Each would cost 30 us a row, more with every
-- month (its check opens all partitions of the other table), together as much as writing the rows.
-- Rows that belong together are written by one statement from one source (storage/journal.sql),
-- nothing of them is ever deleted, and the audit looks for orphans.
--
-- No index begins with letter_month, which is the same in all rows of a partition: a plan that was
-- made while the tables were empty could take such an index for a key, and walk the whole month.
--
-- Ids are compared byte by byte (COLLATE "C"): their order is the order in which they were made.

CREATE TABLE parties (
    id           text COLLATE "C" PRIMARY KEY,
    name_th      text NOT NULL,
    name_en      text NOT NULL,
    assurance    text NOT NULL,
    channel      text NOT NULL CHECK (channel IN ('person', 'api', 'queue')),
    mailbox_open boolean NOT NULL
);

-- Only the SHA-256 of a token is kept: who reads this table can still not speak for anybody.
CREATE TABLE tokens (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    party      text COLLATE "C" NOT NULL REFERENCES parties (id),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX tokens_party ON tokens (party);

-- A foreign key to parties would lock the row of a busy sender in every transaction. Parties are
-- never deleted.
CREATE TABLE letters (
    letter_month date NOT NULL,
    id           text COLLATE "C" NOT NULL,
    sender       text COLLATE "C" NOT NULL,
    number       text NOT NULL,
    written_on   date NOT NULL,
    subject      text NOT NULL,
    salutation   text NOT NULL,
    refers_to    jsonb NOT NULL,
    urgency      text NOT NULL CHECK (urgency IN ('normal', 'urgent', 'very-urgent', 'most-urgent')),
    secrecy      text NOT NULL CHECK (secrecy IN ('none', 'confidential', 'secret')),
    submitted_at timestamptz NOT NULL,
    wrapped_key  bytea NOT NULL,
    PRIMARY KEY (id, letter_month)
) PARTITION BY RANGE (letter_month);
CREATE INDEX letters_sender ON letters (sender, letter_month, id);

CREATE TABLE documents (
    letter_month date NOT NULL,
    letter       text COLLATE "C" NOT NULL,
    number       smallint NOT NULL CHECK (number >= 1),
    role         text NOT NULL CHECK (role IN ('main', 'enclosure')),
    filename     text NOT NULL,
    media_type   text NOT NULL,
    size         bigint NOT NULL CHECK (size >= 0),
    algorithm    text NOT NULL,
    digest       bytea NOT NULL,
    verdict      jsonb,
    segment      text NOT NULL,
    at_offset    bigint NOT NULL CHECK (at_offset >= 0),
    length       bigint NOT NULL CHECK (length >= 0),
    PRIMARY KEY (letter, number, letter_month)
) PARTITION BY RANGE (letter_month);

-- State and times move; nothing that an index holds ever does, so that each step of a delivery is
-- a heap-only update.
CREATE TABLE deliveries (
    letter_month        date NOT NULL,
    id                  text COLLATE "C" NOT NULL,
    letter              text COLLATE "C" NOT NULL,
    sender              text COLLATE "C" NOT NULL,
    recipient           text COLLATE "C" NOT NULL,
    mode                text NOT NULL CHECK (mode IN ('basic', 'consent', 'signed')),
    channel             text NOT NULL CHECK (channel IN ('person', 'api', 'queue')),
    tracking            text COLLATE "C" NOT NULL,
    pseudonym           text COLLATE "C" NOT NULL CHECK (octet_length(pseudonym) = 32),
    state               text NOT NULL CHECK (state IN (
                            'accepted', 'awaiting_acceptance', 'consigned', 'handed_over', 'refused',
                            'expired', 'undeliverable', 'uncollected', 'withdrawn')),
    sequence            integer NOT NULL CHECK (sequence >= 1),
    last_event_at       timestamptz NOT NULL,
    accept_within       interval,
    acceptance_deadline timestamptz,
    holding_until       timestamptz,
    PRIMARY KEY (id, letter_month),
    -- It also serves the search by tracking number, which does not know the month.
    UNIQUE (tracking, letter_month)
) PARTITION BY RANGE (letter_month);
CREATE INDEX deliveries_letter ON deliveries (letter);
CREATE INDEX deliveries_recipient ON deliveries (recipient, letter_month, id);

-- A submission that was judged and refused: a stream of its own, without letter and documents.
CREATE TABLE refused_submissions (
    letter_month date NOT NULL,
    stream       text COLLATE "C" NOT NULL,
    sender       text COLLATE "C" NOT NULL,
    pseudonym    text COLLATE "C" NOT NULL CHECK (octet_length(pseudonym) = 32),
    reasons      jsonb NOT NULL,
    refused_at   timestamptz NOT NULL,
    PRIMARY KEY (stream, letter_month)
) PARTITION BY RANGE (letter_month);

-- Append-only. `delivery` names a delivery or a refused submission's stream.
CREATE TABLE events (
    letter_month date NOT NULL,
    id           text COLLATE "C" NOT NULL,
    delivery     text COLLATE "C" NOT NULL,
    sequence     integer NOT NULL CHECK (sequence >= 1),
    name         text COLLATE "C" NOT NULL,
    cause        text COLLATE "C" NOT NULL,
    is_final     boolean NOT NULL,
    happened_at  timestamptz NOT NULL,
    PRIMARY KEY (id, letter_month),
    -- No event twice in one place of a delivery's history.
    UNIQUE (delivery, sequence, letter_month),
    -- One index for two rules: an event that happens once has the empty cause (next check), so it
    -- can stand here once; a repeatable one stands here once for each cause.
    UNIQUE (delivery, name, cause, letter_month),
    CONSTRAINT events_cause CHECK ((cause <> '') = (name IN (
        'NotificationForAcceptanceFailure', 'ConsignmentNotification',
        'ConsignmentNotificationFailure', 'ContentAccessTracking'))),
    CONSTRAINT events_final CHECK (
        is_final = (name IN (
            'SubmissionRejection', 'ConsignmentRejection', 'AcceptanceRejectionExpiry',
            'ContentConsignmentFailure', 'ContentHandover', 'ContentHandoverFailure', 'Withdrawal'))
        OR name = 'NotificationForAcceptanceFailure')
) PARTITION BY RANGE (letter_month);
-- A delivery ends once.
CREATE UNIQUE INDEX events_one_end ON events (delivery, letter_month) WHERE is_final;

-- The sealed record of an event, under the event's id: exactly one each.
CREATE TABLE evidence (
    letter_month date NOT NULL,
    event        text COLLATE "C" NOT NULL,
    xml          bytea NOT NULL,
    digest       bytea NOT NULL CHECK (octet_length(digest) = 32),
    PRIMARY KEY (event, letter_month)
) PARTITION BY RANGE (letter_month);
-- Compressed by the writer already.
ALTER TABLE evidence ALTER COLUMN xml SET STORAGE EXTERNAL;

-- Documents that went out to the recipient completely, each written after its last byte drained.
CREATE TABLE releases (
    letter_month date NOT NULL,
    delivery     text COLLATE "C" NOT NULL,
    document     smallint NOT NULL,
    PRIMARY KEY (delivery, document, letter_month)
) PARTITION BY RANGE (letter_month);

-- What a sender's key led to; binds as long as the letter. Both names are null only inside the
-- transaction that claims the key.
CREATE TABLE idempotency (
    sender      text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    letter      text COLLATE "C",
    stream      text COLLATE "C",
    PRIMARY KEY (sender, key),
    CHECK (letter IS NULL OR stream IS NULL)
) PARTITION BY HASH (sender);
CREATE TABLE idempotency_0 PARTITION OF idempotency FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE idempotency_1 PARTITION OF idempotency FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE idempotency_2 PARTITION OF idempotency FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE idempotency_3 PARTITION OF idempotency FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE idempotency_4 PARTITION OF idempotency FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE idempotency_5 PARTITION OF idempotency FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE idempotency_6 PARTITION OF idempotency FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE idempotency_7 PARTITION OF idempotency FOR VALUES WITH (MODULUS 8, REMAINDER 7);

-- Promises that commit with the state that makes them due.
CREATE TABLE outbox (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind      text COLLATE "C" NOT NULL CHECK (kind IN ('job', 'push', 'note')),
    task      text COLLATE "C" NOT NULL CHECK (task IN (
                  'forward', 'expire', 'end-holding', 'push-envelope', 'push-content')),
    delivery  text COLLATE "C" NOT NULL,
    next_try  timestamptz NOT NULL,
    attempts  integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    parked_at timestamptz
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX outbox_due ON outbox (task, next_try) WHERE parked_at IS NULL;
CREATE INDEX outbox_parked ON outbox (id) WHERE parked_at IS NOT NULL;
CREATE INDEX outbox_delivery ON outbox (delivery);

-- Entries that wait for their place in the log. The identity has no cache: for one delivery the
-- order of ids is the order of its events (storage/log.py).
CREATE TABLE log_queue (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    evidence text COLLATE "C",
    stream   text COLLATE "C" NOT NULL,
    sequence integer NOT NULL,
    entry    bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE log_entries (
    index    bigint PRIMARY KEY CHECK (index >= 0),
    evidence text COLLATE "C" UNIQUE,
    entry    bytea NOT NULL
);

-- Hashes of complete subtrees; level 0 are the leaves.
CREATE TABLE log_nodes (
    level smallint NOT NULL CHECK (level >= 0),
    index bigint NOT NULL CHECK (index >= 0),
    hash  bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, index)
);

CREATE TABLE log_tree (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    epoch    integer NOT NULL CHECK (epoch >= 1),
    size     bigint NOT NULL CHECK (size >= 0),
    root     bytea NOT NULL CHECK (octet_length(root) = 32)
);
-- RFC 6962, 2.1: the root of the empty tree is the hash of nothing.
INSERT INTO log_tree (epoch, size, root) VALUES (1, 0, sha256(''::bytea));

CREATE TABLE log_heads (
    size  bigint PRIMARY KEY CHECK (size >= 0),
    root  bytea NOT NULL CHECK (octet_length(root) = 32),
    note  bytea NOT NULL,
    token bytea NOT NULL
);

-- The last instant at which an acceptance could have been committed.
CREATE TABLE heartbeat (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    at       timestamptz NOT NULL
);
