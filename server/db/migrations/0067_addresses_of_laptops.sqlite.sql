-- By which address of the server a laptop came last, as of phones; not known of those that came before.
ALTER TABLE field_client ADD COLUMN address TEXT;
