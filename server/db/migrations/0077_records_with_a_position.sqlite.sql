-- Whether one of a record's fields holds a position: what lists of cases are narrowed to is not looked for in their fields.
ALTER TABLE record ADD COLUMN placed INTEGER NOT NULL DEFAULT 0;
