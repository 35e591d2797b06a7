-- The names of files that a change announces, whose bytes come later (sync.md section 6); NULL for none.
ALTER TABLE revision ADD COLUMN attachments TEXT;
