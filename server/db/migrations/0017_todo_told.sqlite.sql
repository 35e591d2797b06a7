-- What decided, when it was looked at last, what each person may do with the cases on their phone: duties and vacancies.
CREATE TABLE todo_told (
  person   TEXT PRIMARY KEY,
  standing TEXT NOT NULL
) STRICT;
