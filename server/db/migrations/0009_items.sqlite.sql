-- Each person's own items: what could not be taken is found by the problems about it.
DROP INDEX problem_unreadable;
DROP INDEX kept_body_author;
CREATE INDEX problem_not_taken ON problem (author, seq) WHERE kind IN ('copy_differs', 'not_taken', 'unreadable');
