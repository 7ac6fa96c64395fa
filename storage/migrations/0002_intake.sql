-- What intake finds out about documents, kept with them, and by what a party's signers are known.

ALTER TABLE documents
    -- Null where no signature holds.
    ADD COLUMN sender_match text CHECK (sender_match IN (
        'same-person', 'same-organisation', 'other', 'unknown')),
    -- The malware scanner that found nothing.
    ADD COLUMN scanned_by text,
    -- The judge's full report, compressed, and the SHA-256 of its plain bytes, which evidence has.
    ADD COLUMN report bytea,
    ADD COLUMN report_digest bytea CHECK (octet_length(report_digest) = 32),
    ADD CONSTRAINT documents_report CHECK ((report IS NULL) = (report_digest IS NULL));
-- Compressed by the writer already.
ALTER TABLE documents ALTER COLUMN report SET STORAGE EXTERNAL;

-- Reports on the documents of refused submissions, which are not kept themselves.
CREATE TABLE refused_reports (
    letter_month date NOT NULL,
    stream       text COLLATE "C" NOT NULL,
    number       smallint NOT NULL CHECK (number >= 1),
    report       bytea NOT NULL,
    digest       bytea NOT NULL CHECK (octet_length(digest) = 32),
    PRIMARY KEY (stream, number, letter_month)
) PARTITION BY RANGE (letter_month);
ALTER TABLE refused_reports ALTER COLUMN report SET STORAGE EXTERNAL;

-- Certificates that are known as those of a party, beside the number in its own id.
CREATE TABLE party_signers (
    party    text COLLATE "C" NOT NULL REFERENCES parties (id),
    kind     text COLLATE "C" NOT NULL CHECK (kind IN ('organization', 'certificate', 'number')),
    mark     text COLLATE "C" NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (party, kind, mark)
);
