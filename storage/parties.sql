-- name: get
SELECT id, name_th, name_en, assurance, channel, mailbox_open
  FROM parties
 WHERE id = ANY ($1::text[]);

-- name: all_parties
SELECT id, name_th, name_en, assurance, channel, mailbox_open FROM parties ORDER BY id;

-- name: register
INSERT INTO parties (id, name_th, name_en, assurance, channel, mailbox_open)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (id) DO UPDATE
       SET name_th = excluded.name_th, name_en = excluded.name_en,
           assurance = excluded.assurance, channel = excluded.channel,
           mailbox_open = excluded.mailbox_open;

-- name: set_mailbox
UPDATE parties SET mailbox_open = $2 WHERE id = $1 RETURNING id;

-- name: signer_marks
SELECT kind, mark FROM party_signers WHERE party = $1 ORDER BY kind, mark;

-- name: add_signer_mark
INSERT INTO party_signers (party, kind, mark, added_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (party, kind, mark) DO NOTHING;

-- name: remove_signer_mark
DELETE FROM party_signers WHERE party = $1 AND kind = $2 AND mark = $3 RETURNING mark;

-- name: add_token
INSERT INTO tokens (hash, party, created_at, delegate, delegate_name_th, delegate_name_en,
                    delegate_assurance, delegate_capacity)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: revoke_token
UPDATE tokens SET revoked_at = $2 WHERE hash = $1 AND revoked_at IS NULL RETURNING hash;

-- name: holder
SELECT p.id, p.name_th, p.name_en, p.assurance, p.channel, p.mailbox_open,
       t.delegate, t.delegate_name_th, t.delegate_name_en, t.delegate_assurance,
       t.delegate_capacity
  FROM tokens t
  JOIN parties p ON p.id = t.party
 WHERE t.hash = $1 AND t.revoked_at IS NULL;
