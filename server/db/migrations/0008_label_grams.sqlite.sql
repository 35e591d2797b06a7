-- Which labels hold which two characters, behind the writer (store/label_index.py).
-- gram: two characters of a label, in small letters. chunk: born_seq / 32768. bits: zlib of a bitmap over the chunk.
-- n: how many bits are set; they are only ever added, so n also tells whether a row is still what it was.
CREATE TABLE label_gram (
  gram  TEXT NOT NULL,
  chunk INTEGER NOT NULL,
  n     INTEGER NOT NULL,
  bits  BLOB NOT NULL,
  PRIMARY KEY (gram, chunk)
) STRICT, WITHOUT ROWID;

-- Up to which seq labels are in it.
INSERT INTO counter (name, value) VALUES ('labels', 0);
