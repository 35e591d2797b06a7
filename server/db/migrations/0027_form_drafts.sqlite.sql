-- Forms on trial: which form a draft is of, who tries it, and what a publication replaced beside a form.
CREATE TABLE form_draft (
  form    TEXT PRIMARY KEY REFERENCES form (id),
  live    TEXT NOT NULL
) STRICT;
CREATE TABLE form_tester (
  form    TEXT NOT NULL REFERENCES form_draft (form),
  person  TEXT NOT NULL REFERENCES person (name),
  PRIMARY KEY (form, person)
) STRICT;
CREATE TABLE form_media_replaced (
  form        TEXT NOT NULL REFERENCES form (id),
  name        TEXT NOT NULL,
  content     BLOB NOT NULL,
  replaced_at TEXT NOT NULL,
  PRIMARY KEY (form, name, replaced_at)
) STRICT;
