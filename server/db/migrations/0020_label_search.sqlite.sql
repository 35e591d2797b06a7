-- Which labels hold which two characters, behind the writer (server/records/store/label_search.py), now in FTS5.
-- rowid: born_seq of the record. words: pairs of characters and the end of the case number, in hexadecimal.
-- prefix: eight digits are one character, which is looked for as the beginning of a pair.
CREATE VIRTUAL TABLE label_search USING fts5 (
  words, content = '', detail = 'none', columnsize = 0, tokenize = 'ascii', prefix = '8'
);
DROP TABLE label_gram;

-- All labels are entered anew; until then a search compares every label.
UPDATE counter SET value = 0 WHERE name = 'labels';
