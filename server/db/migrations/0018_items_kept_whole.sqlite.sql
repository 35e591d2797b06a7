-- Items that could not be carried out, by the id that they had on their device: they are sent again until they can be.
CREATE INDEX problem_kept_item ON problem (author, json_extract(detail, '$.id'))
  WHERE kind = 'unreadable' AND settled_at IS NULL;
