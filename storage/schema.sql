-- The schema that the migrations make. Generated: python -m storage.migrate --dump DSN
-- Monthly partitions are left out.

CREATE TABLE archive_leaves (
    round bigint NOT NULL,
    digest_bits smallint NOT NULL,
    place integer NOT NULL,
    leaves bytea NOT NULL,
    root bytea NOT NULL,
    CONSTRAINT archive_leaves_pkey PRIMARY KEY (round, digest_bits, place),
    CONSTRAINT archive_leaves_check CHECK ((octet_length(root) = (digest_bits / 8))),
    CONSTRAINT archive_leaves_check1 CHECK (((octet_length(leaves) % (digest_bits / 8)) = 0)),
    CONSTRAINT archive_leaves_digest_bits_check CHECK ((digest_bits = 512)),
    CONSTRAINT archive_leaves_leaves_check CHECK ((octet_length(leaves) > 0)),
    CONSTRAINT archive_leaves_place_check CHECK ((place >= 0))
);

CREATE TABLE archive_rounds (
    number bigint NOT NULL,
    first_index bigint NOT NULL,
    end_index bigint NOT NULL,
    roots bytea NOT NULL,
    stamps smallint NOT NULL DEFAULT 0,
    outside boolean NOT NULL DEFAULT false,
    until timestamp with time zone,
    digest_bits smallint NOT NULL DEFAULT 256,
    CONSTRAINT archive_rounds_pkey PRIMARY KEY (number),
    CONSTRAINT archive_rounds_check CHECK ((end_index > first_index)),
    CONSTRAINT archive_rounds_check1 CHECK ((octet_length(roots) = (32 * (((end_index - first_index) + 255) / 256)))),
    CONSTRAINT archive_rounds_check2 CHECK (((stamps = 0) = (until IS NULL))),
    CONSTRAINT archive_rounds_check3 CHECK (((stamps > 0) OR (NOT outside))),
    CONSTRAINT archive_rounds_check4 CHECK (((stamps > 0) OR (digest_bits = 256))),
    CONSTRAINT archive_rounds_digest_bits_check CHECK ((digest_bits = ANY (ARRAY[256, 512]))),
    CONSTRAINT archive_rounds_end_index_key UNIQUE (end_index),
    CONSTRAINT archive_rounds_first_index_check CHECK ((first_index >= 0)),
    CONSTRAINT archive_rounds_first_index_key UNIQUE (first_index),
    CONSTRAINT archive_rounds_number_check CHECK ((number >= 1)),
    CONSTRAINT archive_rounds_stamps_check CHECK ((stamps >= 0))
);

CREATE TABLE archive_stamps (
    round bigint NOT NULL,
    place smallint NOT NULL,
    token bigint NOT NULL,
    siblings bytea NOT NULL,
    digest_bits smallint NOT NULL DEFAULT 256,
    CONSTRAINT archive_stamps_pkey PRIMARY KEY (round, place),
    CONSTRAINT archive_stamps_check CHECK (((octet_length(siblings) % (digest_bits / 8)) = 0)),
    CONSTRAINT archive_stamps_digest_bits_check CHECK ((digest_bits = ANY (ARRAY[256, 512]))),
    CONSTRAINT archive_stamps_place_check CHECK ((place >= 1)),
    CONSTRAINT archive_stamps_siblings_check CHECK (((octet_length(siblings) % 32) = 0))
);

CREATE TABLE archive_tokens (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    name text COLLATE "C" NOT NULL,
    token bytea NOT NULL,
    time timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT archive_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT archive_tokens_check CHECK ((until > "time"))
);

CREATE TABLE compromised_keys (
    key bytea NOT NULL,
    since timestamp with time zone NOT NULL,
    reason text NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    CONSTRAINT compromised_keys_pkey PRIMARY KEY (key),
    CONSTRAINT compromised_keys_key_check CHECK ((octet_length(key) = 32)),
    CONSTRAINT compromised_keys_reason_check CHECK ((reason <> ''::text))
);

CREATE TABLE deliveries (
    letter_month date NOT NULL,
    id text COLLATE "C" NOT NULL,
    letter text COLLATE "C" NOT NULL,
    sender text COLLATE "C" NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    channel text NOT NULL,
    tracking text COLLATE "C" NOT NULL,
    pseudonym text COLLATE "C" NOT NULL,
    state text NOT NULL,
    sequence integer NOT NULL,
    last_event_at timestamp with time zone NOT NULL,
    accept_within interval,
    acceptance_deadline timestamp with time zone,
    holding_until timestamp with time zone,
    CONSTRAINT deliveries_pkey PRIMARY KEY (id, letter_month),
    CONSTRAINT deliveries_channel_check CHECK ((channel = ANY (ARRAY['person'::text, 'api'::text, 'queue'::text]))),
    CONSTRAINT deliveries_mode_check CHECK ((mode = ANY (ARRAY['basic'::text, 'consent'::text, 'signed'::text]))),
    CONSTRAINT deliveries_pseudonym_check CHECK ((octet_length(pseudonym) = 32)),
    CONSTRAINT deliveries_sequence_check CHECK ((sequence >= 1)),
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['accepted'::text, 'awaiting_acceptance'::text, 'consigned'::text, 'handed_over'::text, 'refused'::text, 'expired'::text, 'undeliverable'::text, 'uncollected'::text, 'withdrawn'::text]))),
    CONSTRAINT deliveries_tracking_letter_month_key UNIQUE (tracking, letter_month)
) PARTITION BY RANGE (letter_month);

CREATE TABLE documents (
    letter_month date NOT NULL,
    letter text COLLATE "C" NOT NULL,
    number smallint NOT NULL,
    role text NOT NULL,
    filename text NOT NULL,
    media_type text NOT NULL,
    size bigint NOT NULL,
    algorithm text NOT NULL,
    digest bytea NOT NULL,
    verdict jsonb,
    segment text NOT NULL,
    at_offset bigint NOT NULL,
    length bigint NOT NULL,
    sender_match text,
    scanned_by text,
    report bytea,
    report_digest bytea,
    CONSTRAINT documents_pkey PRIMARY KEY (letter, number, letter_month),
    CONSTRAINT documents_at_offset_check CHECK ((at_offset >= 0)),
    CONSTRAINT documents_length_check CHECK ((length >= 0)),
    CONSTRAINT documents_number_check CHECK ((number >= 1)),
    CONSTRAINT documents_report CHECK (((report IS NULL) = (report_digest IS NULL))),
    CONSTRAINT documents_report_digest_check CHECK ((octet_length(report_digest) = 32)),
    CONSTRAINT documents_role_check CHECK ((role = ANY (ARRAY['main'::text, 'enclosure'::text]))),
    CONSTRAINT documents_sender_match_check CHECK ((sender_match = ANY (ARRAY['same-person'::text, 'same-organisation'::text, 'other'::text, 'unknown'::text]))),
    CONSTRAINT documents_size_check CHECK ((size >= 0))
) PARTITION BY RANGE (letter_month);

CREATE TABLE events (
    letter_month date NOT NULL,
    id text COLLATE "C" NOT NULL,
    delivery text COLLATE "C" NOT NULL,
    sequence integer NOT NULL,
    name text COLLATE "C" NOT NULL,
    cause text COLLATE "C" NOT NULL,
    is_final boolean NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (id, letter_month),
    CONSTRAINT events_cause CHECK (((cause <> ''::text) = (name = ANY (ARRAY['NotificationForAcceptanceFailure'::text, 'ConsignmentNotification'::text, 'ConsignmentNotificationFailure'::text, 'ContentAccessTracking'::text, 'SignatureStatus'::text])))),
    CONSTRAINT events_delivery_name_cause_letter_month_key UNIQUE (delivery, name, cause, letter_month),
    CONSTRAINT events_delivery_sequence_letter_month_key UNIQUE (delivery, sequence, letter_month),
    CONSTRAINT events_final CHECK (((is_final = (name = ANY (ARRAY['SubmissionRejection'::text, 'ConsignmentRejection'::text, 'AcceptanceRejectionExpiry'::text, 'ContentConsignmentFailure'::text, 'ContentHandover'::text, 'ContentHandoverFailure'::text, 'Withdrawal'::text]))) OR (name = 'NotificationForAcceptanceFailure'::text))),
    CONSTRAINT events_sequence_check CHECK ((sequence >= 1))
) PARTITION BY RANGE (letter_month);

CREATE TABLE evidence (
    letter_month date NOT NULL,
    event text COLLATE "C" NOT NULL,
    xml bytea NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT evidence_pkey PRIMARY KEY (event, letter_month),
    CONSTRAINT evidence_digest_check CHECK ((octet_length(digest) = 32))
) PARTITION BY RANGE (letter_month);

CREATE TABLE heartbeat (
    only_one boolean NOT NULL DEFAULT true,
    at timestamp with time zone NOT NULL,
    CONSTRAINT heartbeat_pkey PRIMARY KEY (only_one),
    CONSTRAINT heartbeat_only_one_check CHECK (only_one)
);

CREATE TABLE idempotency (
    sender text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    letter text COLLATE "C",
    stream text COLLATE "C",
    CONSTRAINT idempotency_pkey PRIMARY KEY (sender, key),
    CONSTRAINT idempotency_check CHECK (((letter IS NULL) OR (stream IS NULL))),
    CONSTRAINT idempotency_fingerprint_check CHECK ((octet_length(fingerprint) = 32))
) PARTITION BY HASH (sender);

CREATE TABLE letters (
    letter_month date NOT NULL,
    id text COLLATE "C" NOT NULL,
    sender text COLLATE "C" NOT NULL,
    number text NOT NULL,
    written_on date NOT NULL,
    subject text NOT NULL,
    salutation text NOT NULL,
    refers_to jsonb NOT NULL,
    urgency text NOT NULL,
    secrecy text NOT NULL,
    submitted_at timestamp with time zone NOT NULL,
    wrapped_key bytea NOT NULL,
    CONSTRAINT letters_pkey PRIMARY KEY (id, letter_month),
    CONSTRAINT letters_secrecy_check CHECK ((secrecy = ANY (ARRAY['none'::text, 'confidential'::text, 'secret'::text]))),
    CONSTRAINT letters_urgency_check CHECK ((urgency = ANY (ARRAY['normal'::text, 'urgent'::text, 'very-urgent'::text, 'most-urgent'::text])))
) PARTITION BY RANGE (letter_month);

CREATE TABLE log_anchors (
    size bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    time timestamp with time zone NOT NULL,
    CONSTRAINT log_anchors_pkey PRIMARY KEY (size, kind, name),
    CONSTRAINT log_anchors_kind_check CHECK ((kind = ANY (ARRAY['witness'::text, 'timestamp'::text]))),
    CONSTRAINT log_anchors_name_check CHECK ((name <> ''::text))
);

CREATE TABLE log_entries (
    index bigint NOT NULL,
    evidence text COLLATE "C",
    entry bytea NOT NULL,
    CONSTRAINT log_entries_pkey PRIMARY KEY (index),
    CONSTRAINT log_entries_evidence_key UNIQUE (evidence),
    CONSTRAINT log_entries_index_check CHECK ((index >= 0))
);

CREATE TABLE log_heads (
    size bigint NOT NULL,
    root bytea NOT NULL,
    note bytea NOT NULL,
    token bytea NOT NULL,
    CONSTRAINT log_heads_pkey PRIMARY KEY (size),
    CONSTRAINT log_heads_root_check CHECK ((octet_length(root) = 32)),
    CONSTRAINT log_heads_size_check CHECK ((size >= 0))
);

CREATE TABLE log_nodes (
    level smallint NOT NULL,
    index bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT log_nodes_pkey PRIMARY KEY (level, index),
    CONSTRAINT log_nodes_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT log_nodes_index_check CHECK ((index >= 0)),
    CONSTRAINT log_nodes_level_check CHECK ((level >= 0))
);

CREATE TABLE log_queue (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    evidence text COLLATE "C",
    stream text COLLATE "C" NOT NULL,
    sequence integer NOT NULL,
    entry bytea NOT NULL,
    CONSTRAINT log_queue_pkey PRIMARY KEY (id)
) WITH (autovacuum_vacuum_scale_factor=0.02);

CREATE TABLE log_settled (
    size bigint NOT NULL,
    CONSTRAINT log_settled_pkey PRIMARY KEY (size)
);

CREATE TABLE log_tree (
    only_one boolean NOT NULL DEFAULT true,
    epoch integer NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    CONSTRAINT log_tree_pkey PRIMARY KEY (only_one),
    CONSTRAINT log_tree_epoch_check CHECK ((epoch >= 1)),
    CONSTRAINT log_tree_only_one_check CHECK (only_one),
    CONSTRAINT log_tree_root_check CHECK ((octet_length(root) = 32)),
    CONSTRAINT log_tree_size_check CHECK ((size >= 0))
);

CREATE TABLE outbox (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind text COLLATE "C" NOT NULL,
    task text COLLATE "C" NOT NULL,
    delivery text COLLATE "C" NOT NULL,
    next_try timestamp with time zone NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    parked_at timestamp with time zone,
    CONSTRAINT outbox_pkey PRIMARY KEY (id),
    CONSTRAINT outbox_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT outbox_kind_check CHECK ((kind = ANY (ARRAY['job'::text, 'push'::text, 'note'::text]))),
    CONSTRAINT outbox_task_check CHECK ((task = ANY (ARRAY['forward'::text, 'expire'::text, 'end-holding'::text, 'push-envelope'::text, 'push-content'::text, 'recheck-signature'::text])))
) WITH (fillfactor=80, autovacuum_vacuum_scale_factor=0.02);

CREATE TABLE parties (
    id text COLLATE "C" NOT NULL,
    name_th text NOT NULL,
    name_en text NOT NULL,
    assurance text NOT NULL,
    channel text NOT NULL,
    mailbox_open boolean NOT NULL,
    CONSTRAINT parties_pkey PRIMARY KEY (id),
    CONSTRAINT parties_channel_check CHECK ((channel = ANY (ARRAY['person'::text, 'api'::text, 'queue'::text])))
);

CREATE TABLE party_signers (
    party text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    mark text COLLATE "C" NOT NULL,
    added_at timestamp with time zone NOT NULL,
    CONSTRAINT party_signers_pkey PRIMARY KEY (party, kind, mark),
    CONSTRAINT party_signers_kind_check CHECK ((kind = ANY (ARRAY['organization'::text, 'certificate'::text, 'number'::text])))
);

CREATE TABLE receipts (
    evidence text COLLATE "C" NOT NULL,
    edition integer NOT NULL,
    pdf bytea NOT NULL,
    digest bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    size bigint NOT NULL,
    anchored_by text[] NOT NULL,
    has_record boolean NOT NULL,
    CONSTRAINT receipts_pkey PRIMARY KEY (evidence, edition),
    CONSTRAINT receipts_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT receipts_edition_check CHECK ((edition >= 1)),
    CONSTRAINT receipts_evidence_check CHECK ((evidence ~~ 'evd\_%'::text)),
    CONSTRAINT receipts_size_check CHECK ((size >= 1))
);

CREATE TABLE refused_reports (
    letter_month date NOT NULL,
    stream text COLLATE "C" NOT NULL,
    number smallint NOT NULL,
    report bytea NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT refused_reports_pkey PRIMARY KEY (stream, number, letter_month),
    CONSTRAINT refused_reports_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT refused_reports_number_check CHECK ((number >= 1))
) PARTITION BY RANGE (letter_month);

CREATE TABLE refused_submissions (
    letter_month date NOT NULL,
    stream text COLLATE "C" NOT NULL,
    sender text COLLATE "C" NOT NULL,
    pseudonym text COLLATE "C" NOT NULL,
    reasons jsonb NOT NULL,
    refused_at timestamp with time zone NOT NULL,
    CONSTRAINT refused_submissions_pkey PRIMARY KEY (stream, letter_month),
    CONSTRAINT refused_submissions_pseudonym_check CHECK ((octet_length(pseudonym) = 32))
) PARTITION BY RANGE (letter_month);

CREATE TABLE releases (
    letter_month date NOT NULL,
    delivery text COLLATE "C" NOT NULL,
    document smallint NOT NULL,
    CONSTRAINT releases_pkey PRIMARY KEY (delivery, document, letter_month)
) PARTITION BY RANGE (letter_month);

CREATE TABLE retired_keys (
    use text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    retires_at timestamp with time zone NOT NULL,
    CONSTRAINT retired_keys_pkey PRIMARY KEY (use, key),
    CONSTRAINT retired_keys_key_check CHECK ((octet_length(key) = 32))
);

CREATE TABLE revocation_data (
    sha256 bytea NOT NULL,
    kind text COLLATE "C" NOT NULL,
    content bytea NOT NULL,
    kept_at timestamp with time zone NOT NULL,
    CONSTRAINT revocation_data_pkey PRIMARY KEY (sha256),
    CONSTRAINT revocation_data_kind_check CHECK ((kind = ANY (ARRAY['crl'::text, 'ocsp'::text]))),
    CONSTRAINT revocation_data_sha256_check CHECK ((octet_length(sha256) = 32))
);

CREATE TABLE revocation_sources (
    key bytea NOT NULL,
    kind text COLLATE "C" NOT NULL,
    url text NOT NULL,
    sha256 bytea,
    fetched_at timestamp with time zone,
    this_update timestamp with time zone,
    next_update timestamp with time zone,
    failures integer NOT NULL,
    next_try timestamp with time zone,
    CONSTRAINT revocation_sources_pkey PRIMARY KEY (key),
    CONSTRAINT revocation_sources_check CHECK (((sha256 IS NULL) = (fetched_at IS NULL))),
    CONSTRAINT revocation_sources_failures_check CHECK ((failures >= 0)),
    CONSTRAINT revocation_sources_key_check CHECK ((octet_length(key) = 32)),
    CONSTRAINT revocation_sources_kind_check CHECK ((kind = ANY (ARRAY['crl'::text, 'ocsp'::text])))
);

CREATE TABLE schema_migrations (
    name text COLLATE "C" NOT NULL,
    sha256 bytea NOT NULL,
    applied_at timestamp with time zone NOT NULL,
    CONSTRAINT schema_migrations_pkey PRIMARY KEY (name)
);

CREATE TABLE service_keys (
    use text COLLATE "C" NOT NULL,
    key bytea NOT NULL,
    certificate bytea NOT NULL,
    ends_at timestamp with time zone,
    in_service_at timestamp with time zone NOT NULL,
    CONSTRAINT service_keys_pkey PRIMARY KEY (use, key, certificate),
    CONSTRAINT service_keys_certificate_check CHECK ((octet_length(certificate) = ANY (ARRAY[0, 32]))),
    CONSTRAINT service_keys_check CHECK (((certificate = '\x'::bytea) = (ends_at IS NULL))),
    CONSTRAINT service_keys_key_check CHECK ((octet_length(key) = 32)),
    CONSTRAINT service_keys_use_check CHECK ((use = ANY (ARRAY['seal'::text, 'log'::text, 'log-mldsa'::text, 'timestamp'::text, 'receipt'::text])))
);

CREATE TABLE tokens (
    hash bytea NOT NULL,
    party text COLLATE "C" NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    delegate text COLLATE "C",
    delegate_name_th text,
    delegate_name_en text,
    delegate_assurance text COLLATE "C",
    delegate_capacity text COLLATE "C",
    CONSTRAINT tokens_pkey PRIMARY KEY (hash),
    CONSTRAINT tokens_check CHECK ((num_nulls(delegate, delegate_name_th, delegate_name_en, delegate_assurance, delegate_capacity) = ANY (ARRAY[0, 5]))),
    CONSTRAINT tokens_hash_check CHECK ((octet_length(hash) = 32))
);

CREATE TABLE trust_files (
    version bigint NOT NULL,
    digest bytea NOT NULL,
    content bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    entry bytea NOT NULL,
    CONSTRAINT trust_files_pkey PRIMARY KEY (version),
    CONSTRAINT trust_files_check CHECK ((digest = sha256(content))),
    CONSTRAINT trust_files_version_check CHECK ((version >= 1))
);

CREATE TABLE trust_stores (
    version bigint NOT NULL,
    digest bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT trust_stores_pkey PRIMARY KEY (version),
    CONSTRAINT trust_stores_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT trust_stores_version_check CHECK ((version >= 1))
);

CREATE TABLE verifiers (
    name text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    published_at timestamp with time zone NOT NULL,
    CONSTRAINT verifiers_pkey PRIMARY KEY (name, digest),
    CONSTRAINT verifiers_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT verifiers_name_check CHECK ((name <> ''::text))
);

CREATE TABLE idempotency_0 PARTITION OF idempotency FOR VALUES WITH (modulus 8, remainder 0);
CREATE TABLE idempotency_1 PARTITION OF idempotency FOR VALUES WITH (modulus 8, remainder 1);
CREATE TABLE idempotency_2 PARTITION OF idempotency FOR VALUES WITH (modulus 8, remainder 2);
CREATE TABLE idempotency_3 PARTITION OF idempotency FOR VALUES WITH (modulus 8, remainder 3);
CREATE TABLE idempotency_4 PARTITION OF idempotency FOR VALUES WITH (modulus 8, remainder 4);
CREATE TABLE idempotency_5 PARTITION OF idempotency FOR VALUES WITH (modulus 8, remainder 5);
CREATE TABLE idempotency_6 PARTITION OF idempotency FOR VALUES WITH (modulus 8, remainder 6);
CREATE TABLE idempotency_7 PARTITION OF idempotency FOR VALUES WITH (modulus 8, remainder 7);
CREATE INDEX archive_rounds_digest ON archive_rounds USING btree (digest_bits, number);
CREATE INDEX archive_rounds_own_word ON archive_rounds USING btree (digest_bits, number) WHERE (NOT outside);
CREATE INDEX archive_rounds_unstamped ON archive_rounds USING btree (number) WHERE (stamps = 0);
CREATE INDEX archive_rounds_until ON archive_rounds USING btree (digest_bits, until);
CREATE INDEX deliveries_letter ON deliveries USING btree (letter);
CREATE INDEX deliveries_recipient ON deliveries USING btree (recipient, letter_month, id);
CREATE UNIQUE INDEX events_one_end ON events USING btree (delivery, letter_month) WHERE is_final;
CREATE INDEX letters_sender ON letters USING btree (sender, letter_month, id);
CREATE INDEX outbox_delivery ON outbox USING btree (delivery);
CREATE INDEX outbox_due ON outbox USING btree (task, next_try) WHERE (parked_at IS NULL);
CREATE INDEX outbox_parked ON outbox USING btree (id) WHERE (parked_at IS NOT NULL);
CREATE INDEX tokens_party ON tokens USING btree (party);
ALTER TABLE documents ALTER COLUMN report SET STORAGE EXTERNAL;
ALTER TABLE evidence ALTER COLUMN xml SET STORAGE EXTERNAL;
ALTER TABLE receipts ALTER COLUMN pdf SET STORAGE EXTERNAL;
ALTER TABLE refused_reports ALTER COLUMN report SET STORAGE EXTERNAL;
ALTER TABLE revocation_data ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE archive_leaves ADD CONSTRAINT archive_leaves_round_fkey FOREIGN KEY (round) REFERENCES archive_rounds(number);
ALTER TABLE archive_stamps ADD CONSTRAINT archive_stamps_round_fkey FOREIGN KEY (round) REFERENCES archive_rounds(number);
ALTER TABLE archive_stamps ADD CONSTRAINT archive_stamps_token_fkey FOREIGN KEY (token) REFERENCES archive_tokens(id);
ALTER TABLE log_anchors ADD CONSTRAINT log_anchors_size_fkey FOREIGN KEY (size) REFERENCES log_heads(size);
ALTER TABLE log_settled ADD CONSTRAINT log_settled_size_fkey FOREIGN KEY (size) REFERENCES log_heads(size);
ALTER TABLE party_signers ADD CONSTRAINT party_signers_party_fkey FOREIGN KEY (party) REFERENCES parties(id);
ALTER TABLE revocation_sources ADD CONSTRAINT revocation_sources_sha256_fkey FOREIGN KEY (sha256) REFERENCES revocation_data(sha256);
ALTER TABLE tokens ADD CONSTRAINT tokens_party_fkey FOREIGN KEY (party) REFERENCES parties(id);
