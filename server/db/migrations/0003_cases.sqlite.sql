-- The workflow of cases: what the rules remember of each, who has or had it, and where duplicates went.

-- case_state: JSON of domain.cases.Case, NULL unless the kind is case. list_label: what phones show of the case.
ALTER TABLE record ADD COLUMN case_state TEXT;
ALTER TABLE record ADD COLUMN office_note TEXT NOT NULL DEFAULT '';
ALTER TABLE record ADD COLUMN list_label TEXT NOT NULL DEFAULT '';
ALTER TABLE record ADD COLUMN merged_into TEXT;
CREATE INDEX record_merged_into ON record (merged_into) WHERE merged_into IS NOT NULL;

-- Everyone who no longer has a case, or has it beside the assignee: they see it for 30 days more, or until then.
CREATE TABLE case_hand (
  record TEXT NOT NULL,
  mark   TEXT NOT NULL,
  until  TEXT NOT NULL,
  PRIMARY KEY (record, mark)
) STRICT;
CREATE INDEX case_hand_mark ON case_hand (mark, until);
