-- Who holds a token where it is not the party itself: an officer, an attorney, a provider's system.
ALTER TABLE tokens
    ADD COLUMN delegate           text COLLATE "C",
    ADD COLUMN delegate_name_th   text,
    ADD COLUMN delegate_name_en   text,
    ADD COLUMN delegate_assurance text COLLATE "C",
    ADD COLUMN delegate_capacity  text COLLATE "C",
    ADD CHECK (num_nulls(delegate, delegate_name_th, delegate_name_en, delegate_assurance,
                         delegate_capacity) IN (0, 5));
