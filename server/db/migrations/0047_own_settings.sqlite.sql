-- What somebody has chosen for the pages they work on, on whatever browser: its name and its value.
CREATE TABLE own_setting (
  person TEXT NOT NULL REFERENCES person (name),
  name   TEXT NOT NULL,
  value  TEXT NOT NULL,
  PRIMARY KEY (person, name)
) STRICT, WITHOUT ROWID;
