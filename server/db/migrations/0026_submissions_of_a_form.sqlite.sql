-- The answers of one form, newest first: without it an export of a rare form reads every submission of the county.
CREATE INDEX submission_form ON submission (form, seq);
