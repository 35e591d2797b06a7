-- The shape of a county's schema, and the steps of SQLite whose outcome it is. It is never edited: from here on each
-- step has a file for either engine. Texts are compared byte by byte, as SQLite does and as ranges of paths need.
-- holds: 0001_foundations
-- holds: 0002_case_figures
-- holds: 0003_cases
-- holds: 0004_sync
-- holds: 0005_unsent
-- holds: 0006_lateness_indexes
-- holds: 0007_settlements
-- holds: 0008_label_grams
-- holds: 0009_items
-- holds: 0010_fewer_indexes
-- holds: 0011_moved_cases
-- holds: 0012_bucket_names
-- holds: 0013_handovers_in_order
-- holds: 0014_first_hands
-- holds: 0015_problems_of_items
-- holds: 0016_announced_files
-- holds: 0017_todo_told
-- holds: 0018_items_kept_whole
-- holds: 0019_field_clients
-- holds: 0020_label_search
-- holds: 0021_category_corrections
-- holds: 0022_patrols_changed
-- holds: 0023_case_endings
-- holds: 0024_patrol_facts
-- holds: 0025_sign_in_failures
-- holds: 0026_submissions_of_a_form
-- holds: 0027_form_drafts
-- holds: 0028_device_origins
-- holds: 0029_audit_chain
-- holds: 0030_audit_begun
-- holds: 0031_sign_in_sessions
-- holds: 0032_case_codes
-- holds: 0033_decisions
-- holds: 0034_roster_imports
-- holds: 0035_taken_out
-- holds: 0036_kinds_of_imports
-- holds: 0037_uploads
-- holds: 0038_assigned_at
-- holds: 0039_calendar
-- holds: 0040_area_borders
-- holds: 0041_open_cases_by_due
-- holds: 0042_records_by_day
-- holds: 0043_sent_files_by_author
-- holds: 0044_cheaper_index_of_decisions
-- holds: 0047_own_settings
-- holds: 0049_lists_of_a_million_cases
-- holds: 0050_thumbnails
-- holds: 0053_address_steps
-- holds: 0055_decisions_of_all_kinds
-- holds: 0056_steps_that_extend
-- holds: 0057_decisions_on_transfers
-- holds: 0058_timers
-- holds: 0059_rechecks
-- holds: 0060_cases_of_a_village
-- holds: 0061_handling_times_of_months
-- holds: 0062_open_cases_whole_in_their_index
-- holds: 0064_moved_cases_of_a_place
-- holds: 0065_phone_holders
-- holds: 0066_types_of_files
-- holds: 0067_addresses_of_laptops
-- holds: 0068_cases_that_come_back
-- holds: 0069_written_in_time
-- holds: 0070_monthly_reports
-- holds: 0073_late_for_good
-- holds: 0074_corrections_that_relax
-- holds: 0075_time_until_reports_come_in
-- holds: 0076_who_gave_cases_out
-- holds: 0077_records_with_a_position
-- holds: 0078_lists_by_position
-- holds: 0079_limits_by_day
-- holds: 0080_hotline_orders_by_reply
-- holds: 0081_replies_on_paper
-- holds: 0082_notices
-- holds: 0083_webhooks
-- holds: 0084_notices_of_ended_cases
-- holds: 0085_items_of_problems
-- holds: 0086_parts_of_co_handlers
-- holds: 0088_cases_carried_over

CREATE TABLE setting (
  name TEXT COLLATE "C" PRIMARY KEY,
  value TEXT COLLATE "C" NOT NULL
);
CREATE TABLE counter (
  name TEXT COLLATE "C" PRIMARY KEY,
  value BIGINT NOT NULL
);
CREATE TABLE area (
  code TEXT COLLATE "C" PRIMARY KEY,
  path TEXT COLLATE "C" NOT NULL UNIQUE,
  level TEXT COLLATE "C" NOT NULL,
  parent TEXT COLLATE "C" REFERENCES area (code),
  name TEXT COLLATE "C" NOT NULL,
  valid_from TEXT COLLATE "C" NOT NULL,
  valid_to TEXT COLLATE "C" NOT NULL,
  successor TEXT COLLATE "C" REFERENCES area (code)
);
CREATE INDEX area_parent ON area (parent, code);
CREATE TABLE body (
  code TEXT COLLATE "C" NOT NULL,
  valid_from TEXT COLLATE "C" NOT NULL,
  valid_to TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  area TEXT COLLATE "C" NOT NULL REFERENCES area (code),
  contact TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (code, valid_from)
);
CREATE TABLE person (
  name TEXT COLLATE "C" PRIMARY KEY,
  display TEXT COLLATE "C" NOT NULL,
  password_hash TEXT COLLATE "C",
  created_at TEXT COLLATE "C" NOT NULL,
  revoked_at TEXT COLLATE "C",
  failures BIGINT NOT NULL DEFAULT 0,
  locked_until TEXT COLLATE "C",
  password_state TEXT COLLATE "C" NOT NULL DEFAULT 'own'
);
CREATE TABLE duty (
  id TEXT COLLATE "C" PRIMARY KEY,
  person TEXT COLLATE "C" NOT NULL REFERENCES person (name),
  role TEXT COLLATE "C" NOT NULL,
  area TEXT COLLATE "C" NOT NULL REFERENCES area (code),
  body TEXT COLLATE "C",
  starts_at TEXT COLLATE "C" NOT NULL,
  ends_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX duty_person ON duty (person, starts_at);
CREATE INDEX duty_area ON duty (area);
CREATE TABLE phone_key (
  id TEXT COLLATE "C" PRIMARY KEY,
  person TEXT COLLATE "C" NOT NULL REFERENCES person (name),
  token_hash TEXT COLLATE "C" NOT NULL UNIQUE,
  created_at TEXT COLLATE "C" NOT NULL,
  revoked_at TEXT COLLATE "C",
  last_seen_at TEXT COLLATE "C",
  device TEXT COLLATE "C",
  app_version TEXT COLLATE "C",
  address TEXT COLLATE "C"
);
CREATE INDEX phone_key_person ON phone_key (person, created_at);
CREATE TABLE revoked_token (
  jti TEXT COLLATE "C" PRIMARY KEY,
  expires_at TEXT COLLATE "C" NOT NULL
);
CREATE TABLE form (
  id TEXT COLLATE "C" PRIMARY KEY,
  title TEXT COLLATE "C" NOT NULL,
  version TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL,
  updated_at TEXT COLLATE "C" NOT NULL
);
CREATE TABLE form_version (
  form TEXT COLLATE "C" NOT NULL REFERENCES form (id),
  version TEXT COLLATE "C" NOT NULL,
  published_at TEXT COLLATE "C" NOT NULL,
  published_by TEXT COLLATE "C",
  xml BYTEA NOT NULL,
  md5 TEXT COLLATE "C" NOT NULL,
  source BYTEA,
  source_type TEXT COLLATE "C",
  definition TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (form, version)
);
CREATE TABLE form_media (
  form TEXT COLLATE "C" NOT NULL REFERENCES form (id),
  name TEXT COLLATE "C" NOT NULL,
  content BYTEA NOT NULL,
  md5 TEXT COLLATE "C" NOT NULL,
  updated_at TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (form, name)
);
CREATE TABLE code (
  list TEXT COLLATE "C" NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  label TEXT COLLATE "C" NOT NULL,
  label_en TEXT COLLATE "C" NOT NULL,
  active_from TEXT COLLATE "C" NOT NULL,
  active_to TEXT COLLATE "C" NOT NULL,
  extra TEXT COLLATE "C" NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (list, code, active_from)
);
CREATE TABLE submission (
  id TEXT COLLATE "C" PRIMARY KEY,
  form TEXT COLLATE "C" NOT NULL,
  form_version TEXT COLLATE "C" NOT NULL,
  instance_id TEXT COLLATE "C" NOT NULL,
  root TEXT COLLATE "C" NOT NULL,
  deprecates TEXT COLLATE "C",
  current BIGINT NOT NULL,
  seq BIGINT NOT NULL UNIQUE,
  receipt TEXT COLLATE "C" NOT NULL,
  author TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  received_at TEXT COLLATE "C" NOT NULL,
  device TEXT COLLATE "C",
  user_agent TEXT COLLATE "C",
  instance_name TEXT COLLATE "C",
  review_state TEXT COLLATE "C",
  xml BYTEA NOT NULL,
  files_expected BIGINT NOT NULL,
  files_present BIGINT NOT NULL,
  sent_sha256 TEXT COLLATE "C",
  cleared_at TEXT COLLATE "C",
  UNIQUE (form, instance_id)
);
CREATE INDEX submission_author ON submission (author, seq);
CREATE INDEX submission_path ON submission (path, seq);
CREATE TABLE submission_file (
  submission TEXT COLLATE "C" NOT NULL REFERENCES submission (id),
  name TEXT COLLATE "C" NOT NULL,
  sha256 TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  media_type TEXT COLLATE "C" NOT NULL,
  expected BIGINT NOT NULL,
  carried BIGINT NOT NULL,
  received_at TEXT COLLATE "C" NOT NULL,
  declared_type TEXT COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (submission, name, sha256)
);
CREATE INDEX submission_file_sha256 ON submission_file (sha256);
CREATE TABLE kept_body (
  sha256 TEXT COLLATE "C" PRIMARY KEY,
  form TEXT COLLATE "C" NOT NULL,
  instance_id TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  author TEXT COLLATE "C" NOT NULL,
  received_at TEXT COLLATE "C" NOT NULL,
  xml BYTEA NOT NULL,
  cleared_at TEXT COLLATE "C"
);
CREATE TABLE kept_file (
  body TEXT COLLATE "C" NOT NULL REFERENCES kept_body (sha256),
  name TEXT COLLATE "C" NOT NULL,
  sha256 TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  media_type TEXT COLLATE "C" NOT NULL,
  declared_type TEXT COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (body, name, sha256)
);
CREATE TABLE record (
  id TEXT COLLATE "C" PRIMARY KEY,
  type TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  area TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  label TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  born_seq BIGINT NOT NULL UNIQUE,
  status TEXT COLLATE "C",
  stage TEXT COLLATE "C",
  case_no TEXT COLLATE "C",
  assignee TEXT COLLATE "C",
  author TEXT COLLATE "C" NOT NULL,
  due_at TEXT COLLATE "C",
  closed_at TEXT COLLATE "C",
  month TEXT COLLATE "C",
  conflicted BIGINT NOT NULL,
  flags TEXT COLLATE "C" NOT NULL,
  fields TEXT COLLATE "C" NOT NULL,
  registers TEXT COLLATE "C" NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL,
  updated_at TEXT COLLATE "C" NOT NULL,
  case_state TEXT COLLATE "C",
  office_note TEXT COLLATE "C" NOT NULL DEFAULT '',
  list_label TEXT COLLATE "C" NOT NULL DEFAULT '',
  merged_into TEXT COLLATE "C",
  check_value BIGINT NOT NULL DEFAULT 0,
  category TEXT COLLATE "C",
  item TEXT COLLATE "C",
  severity TEXT COLLATE "C",
  source TEXT COLLATE "C",
  assigned_at TEXT COLLATE "C",
  placed BIGINT NOT NULL DEFAULT 0,
  reply_by TEXT COLLATE "C"
);
CREATE INDEX record_assignee ON record (assignee, born_seq) WHERE assignee IS NOT NULL;
CREATE INDEX record_type_born ON record (type, born_seq);
CREATE INDEX record_status ON record (status, born_seq) WHERE status IS NOT NULL;
CREATE INDEX record_stage ON record (stage, born_seq) WHERE stage IS NOT NULL;
CREATE INDEX record_open ON record (born_seq, due_at) WHERE closed_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX record_conflicted ON record (born_seq) WHERE conflicted = 1;
CREATE TABLE revision (
  record TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  seq BIGINT NOT NULL UNIQUE,
  change TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  author TEXT COLLATE "C" NOT NULL,
  verdict TEXT COLLATE "C" NOT NULL,
  diff TEXT COLLATE "C" NOT NULL,
  received TEXT COLLATE "C" NOT NULL,
  base_version BIGINT,
  origin TEXT COLLATE "C" NOT NULL,
  origin_seq BIGINT NOT NULL,
  made_at TEXT COLLATE "C",
  observed_at TEXT COLLATE "C" NOT NULL,
  received_at TEXT COLLATE "C" NOT NULL,
  form TEXT COLLATE "C",
  form_version TEXT COLLATE "C",
  submission TEXT COLLATE "C",
  attachments TEXT COLLATE "C",
  after TEXT COLLATE "C",
  PRIMARY KEY (record, version)
);
CREATE INDEX revision_submission ON revision (submission) WHERE submission IS NOT NULL;
CREATE TABLE change (
  id TEXT COLLATE "C" PRIMARY KEY,
  record TEXT COLLATE "C" NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  author TEXT COLLATE "C" NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  verdict TEXT COLLATE "C" NOT NULL,
  version BIGINT,
  conflicts TEXT COLLATE "C" NOT NULL,
  problem TEXT COLLATE "C",
  submission TEXT COLLATE "C",
  received_at TEXT COLLATE "C" NOT NULL,
  body TEXT COLLATE "C"
);
CREATE INDEX change_open ON change (verdict, record) WHERE verdict IN ('waiting', 'quarantined');
CREATE TABLE bucket (
  type TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (type, name)
);
CREATE TABLE problem (
  id TEXT COLLATE "C" PRIMARY KEY,
  seq BIGINT NOT NULL UNIQUE,
  kind TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  record TEXT COLLATE "C",
  type TEXT COLLATE "C",
  submission TEXT COLLATE "C",
  kept_body TEXT COLLATE "C",
  change TEXT COLLATE "C",
  author TEXT COLLATE "C",
  message TEXT COLLATE "C" NOT NULL,
  detail TEXT COLLATE "C" NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL,
  settled_at TEXT COLLATE "C",
  settled_by TEXT COLLATE "C",
  settlement TEXT COLLATE "C",
  item TEXT COLLATE "C"
);
CREATE INDEX problem_open ON problem (path, seq) WHERE settled_at IS NULL;
CREATE INDEX problem_record ON problem (record) WHERE record IS NOT NULL;
CREATE INDEX problem_submission ON problem (submission) WHERE submission IS NOT NULL;
CREATE TABLE audit (
  id TEXT COLLATE "C" PRIMARY KEY,
  at TEXT COLLATE "C" NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  detail TEXT COLLATE "C" NOT NULL,
  role TEXT COLLATE "C" NOT NULL DEFAULT '',
  place TEXT COLLATE "C" NOT NULL DEFAULT '',
  address TEXT COLLATE "C" NOT NULL DEFAULT '',
  result TEXT COLLATE "C" NOT NULL DEFAULT 'done',
  hash TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE INDEX audit_subject ON audit (subject, at);
CREATE TABLE case_step (
  record TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  at TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  handle_due_at TEXT COLLATE "C",
  close_due_at TEXT COLLATE "C",
  result_code TEXT COLLATE "C",
  category TEXT COLLATE "C",
  extends BIGINT NOT NULL DEFAULT 0,
  recurs BIGINT NOT NULL DEFAULT 0,
  written_at TEXT COLLATE "C",
  relaxes BIGINT NOT NULL DEFAULT 0,
  discovered_at TEXT COLLATE "C",
  PRIMARY KEY (record, version)
);
CREATE TABLE case_fact (
  id TEXT COLLATE "C" PRIMARY KEY,
  path TEXT COLLATE "C" NOT NULL,
  category TEXT COLLATE "C" NOT NULL,
  received_at TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  decided_at TEXT COLLATE "C",
  registered_at TEXT COLLATE "C",
  dispatches TEXT COLLATE "C" NOT NULL,
  first_fed_back_at TEXT COLLATE "C",
  fed_back_at TEXT COLLATE "C",
  handle_due_at TEXT COLLATE "C",
  close_due_at TEXT COLLATE "C",
  closed_at TEXT COLLATE "C",
  held_since TEXT COLLATE "C",
  held_s BIGINT NOT NULL,
  checked BIGINT NOT NULL,
  reworked BIGINT NOT NULL,
  extended BIGINT NOT NULL,
  result_code TEXT COLLATE "C",
  stepped_at TEXT COLLATE "C" NOT NULL,
  received_day BIGINT NOT NULL,
  registered_day BIGINT,
  registered_month BIGINT,
  closed_day BIGINT,
  running BIGINT NOT NULL,
  handled_s BIGINT,
  endings TEXT COLLATE "C" NOT NULL DEFAULT '',
  site_closed BIGINT NOT NULL DEFAULT 0,
  drawn BIGINT NOT NULL DEFAULT 0,
  rechecked BIGINT NOT NULL DEFAULT 0,
  recheck_failed BIGINT NOT NULL DEFAULT 0,
  supervised BIGINT NOT NULL DEFAULT 0,
  reopened BIGINT NOT NULL DEFAULT 0,
  recurrent BIGINT NOT NULL DEFAULT 0,
  late_returns BIGINT NOT NULL DEFAULT 0,
  written_at TEXT COLLATE "C",
  late_handling BIGINT NOT NULL DEFAULT 0,
  late_closing BIGINT NOT NULL DEFAULT 0,
  relaxed BIGINT NOT NULL DEFAULT 0,
  discovered_at TEXT COLLATE "C",
  limit_day BIGINT,
  lag_s BIGINT,
  filed BIGINT NOT NULL DEFAULT 0,
  carried BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX case_fact_handled ON case_fact (registered_month, handled_s, path, category, registered_day)
  WHERE handled_s IS NOT NULL;
CREATE TABLE case_count (
  period BIGINT NOT NULL,
  category TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  reports BIGINT NOT NULL,
  decided_reports BIGINT NOT NULL,
  registered_reports BIGINT NOT NULL,
  valid_reports BIGINT NOT NULL,
  rejected_reports BIGINT NOT NULL,
  merged_reports BIGINT NOT NULL,
  withdrawn_reports BIGINT NOT NULL,
  registered BIGINT NOT NULL,
  void BIGINT NOT NULL,
  merged_cases BIGINT NOT NULL,
  spot_closed BIGINT NOT NULL,
  closed BIGINT NOT NULL,
  suspended BIGINT NOT NULL,
  transferred BIGINT NOT NULL,
  rectified BIGINT NOT NULL,
  closed_on_time BIGINT NOT NULL,
  dispatched BIGINT NOT NULL,
  handled BIGINT NOT NULL,
  handled_on_time BIGINT NOT NULL,
  handled_on_time_extended BIGINT NOT NULL,
  extended BIGINT NOT NULL,
  extended_handling_due BIGINT NOT NULL,
  once_fed_back BIGINT NOT NULL,
  checked BIGINT NOT NULL,
  reworked BIGINT NOT NULL,
  reworked_due BIGINT NOT NULL,
  handled_s BIGINT NOT NULL,
  dispatches BIGINT NOT NULL,
  sent_in_vain BIGINT NOT NULL,
  returns BIGINT NOT NULL,
  closed_in_period BIGINT NOT NULL,
  stock BIGINT NOT NULL DEFAULT 0,
  site_closed BIGINT NOT NULL DEFAULT 0,
  drawn BIGINT NOT NULL DEFAULT 0,
  rechecked BIGINT NOT NULL DEFAULT 0,
  recheck_failed BIGINT NOT NULL DEFAULT 0,
  supervised BIGINT NOT NULL DEFAULT 0,
  supervised_closed BIGINT NOT NULL DEFAULT 0,
  reopened BIGINT NOT NULL DEFAULT 0,
  recurrent BIGINT NOT NULL DEFAULT 0,
  came_back BIGINT NOT NULL DEFAULT 0,
  late_returns BIGINT NOT NULL DEFAULT 0,
  filled_in_time BIGINT NOT NULL DEFAULT 0,
  relaxed BIGINT NOT NULL DEFAULT 0,
  dated_reports BIGINT NOT NULL DEFAULT 0,
  late_reports BIGINT NOT NULL DEFAULT 0,
  lag_s BIGINT NOT NULL DEFAULT 0,
  limits BIGINT NOT NULL DEFAULT 0,
  limits_closed BIGINT NOT NULL DEFAULT 0,
  filed_replies BIGINT NOT NULL DEFAULT 0,
  carried BIGINT NOT NULL DEFAULT 0,
  carried_closed BIGINT NOT NULL DEFAULT 0,
  carried_dropped BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (category, period, path)
);
CREATE TABLE case_result (
  period BIGINT NOT NULL,
  category TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  code TEXT COLLATE "C" NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (category, period, path, code)
);
CREATE TABLE case_pace (
  month BIGINT NOT NULL,
  town TEXT COLLATE "C" NOT NULL,
  bucket BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (month, town, bucket)
);
CREATE INDEX record_merged_into ON record (merged_into) WHERE merged_into IS NOT NULL;
CREATE TABLE case_hand (
  record TEXT COLLATE "C" NOT NULL,
  mark TEXT COLLATE "C" NOT NULL,
  until TEXT COLLATE "C" NOT NULL,
  gone_seq BIGINT,
  PRIMARY KEY (record, mark)
);
CREATE INDEX case_hand_mark ON case_hand (mark, until);
CREATE INDEX record_pull ON record (path, seq, check_value);
CREATE INDEX record_pull_author ON record (author, seq);
CREATE INDEX case_hand_going ON case_hand (until) WHERE gone_seq IS NULL;
CREATE INDEX case_fact_undecided ON case_fact (decided_at, received_day, path, category, received_at)
  WHERE decided_at IS NULL;
CREATE INDEX case_fact_running ON case_fact (running, registered_day, path, category,
  close_due_at, handle_due_at, fed_back_at, dispatches, reworked, extended)
  WHERE running = 1;
CREATE INDEX problem_kept_body ON problem (kept_body) WHERE kept_body IS NOT NULL;
CREATE INDEX change_author ON change (author, received_at, id) WHERE submission IS NULL;
CREATE INDEX problem_not_taken ON problem (author, seq) WHERE kind IN ('copy_differs', 'not_taken', 'unreadable');
CREATE INDEX change_waiting ON change (record) WHERE verdict = 'waiting';
CREATE INDEX change_kept ON change (submission) WHERE body IS NOT NULL;
CREATE INDEX submission_edits ON submission (form, root) WHERE deprecates IS NOT NULL;
CREATE INDEX case_fact_registered ON case_fact (registered_day, received_at, path, status, extended, reworked)
  WHERE registered_day IS NOT NULL;
CREATE INDEX case_fact_closed ON case_fact (closed_day, received_at, registered_day, path)
  WHERE closed_day IS NOT NULL;
CREATE INDEX case_fact_unclosed ON case_fact (closed_day, registered_day, received_at, path)
  WHERE closed_day IS NULL AND registered_day IS NOT NULL;
CREATE INDEX bucket_name ON bucket (name, seq);
CREATE TABLE case_handover (
  day BIGINT NOT NULL,
  record TEXT COLLATE "C" NOT NULL,
  received_at TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (day, record)
);
CREATE INDEX problem_item ON problem (change) WHERE change IS NOT NULL AND record IS NULL;
CREATE TABLE todo_told (
  person TEXT COLLATE "C" PRIMARY KEY,
  standing TEXT COLLATE "C" NOT NULL
);
CREATE TABLE field_client (
  person TEXT COLLATE "C" NOT NULL,
  device TEXT COLLATE "C" NOT NULL,
  program TEXT COLLATE "C" NOT NULL,
  seen_at TEXT COLLATE "C" NOT NULL,
  unsent BIGINT NOT NULL,
  address TEXT COLLATE "C",
  PRIMARY KEY (person, device)
);
CREATE INDEX record_patrols_changed ON record (type, updated_at) WHERE type = 'patrols';
CREATE TABLE case_ending (
  record TEXT COLLATE "C" NOT NULL,
  position BIGINT NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  ended_day BIGINT NOT NULL,
  undone_day BIGINT,
  received_at TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (record, position)
);
CREATE INDEX case_ending_ended ON case_ending (ended_day, undone_day, status, path, received_at, record);
CREATE INDEX case_ending_undone ON case_ending (undone_day, ended_day, status, path, received_at, record)
  WHERE undone_day IS NOT NULL;
CREATE INDEX case_ending_month ON case_ending (ended_day, undone_day, status, path)
  WHERE undone_day / 100 > ended_day / 100;
CREATE TABLE patrol_fact (
  id TEXT COLLATE "C" PRIMARY KEY,
  received_at TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  place TEXT COLLATE "C" NOT NULL,
  premises BIGINT NOT NULL,
  day BIGINT NOT NULL
);
CREATE INDEX patrol_fact_day ON patrol_fact (day, path, place, premises, received_at);
CREATE TABLE sign_in_failure (
  account TEXT COLLATE "C" NOT NULL,
  address TEXT COLLATE "C" NOT NULL,
  is_known BIGINT NOT NULL,
  failed_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX sign_in_failure_account ON sign_in_failure (account, failed_at);
CREATE INDEX sign_in_failure_address ON sign_in_failure (address, failed_at);
CREATE INDEX sign_in_failure_failed_at ON sign_in_failure (failed_at);
CREATE TABLE sign_in_address (
  person TEXT COLLATE "C" NOT NULL REFERENCES person (name),
  address TEXT COLLATE "C" NOT NULL,
  succeeded_at TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (person, address)
);
CREATE INDEX submission_form ON submission (form, seq);
CREATE TABLE form_draft (
  form TEXT COLLATE "C" PRIMARY KEY REFERENCES form (id),
  live TEXT COLLATE "C" NOT NULL
);
CREATE TABLE form_tester (
  form TEXT COLLATE "C" NOT NULL REFERENCES form_draft (form),
  person TEXT COLLATE "C" NOT NULL REFERENCES person (name),
  PRIMARY KEY (form, person)
);
CREATE TABLE form_media_replaced (
  form TEXT COLLATE "C" NOT NULL REFERENCES form (id),
  name TEXT COLLATE "C" NOT NULL,
  content BYTEA NOT NULL,
  replaced_at TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (form, name, replaced_at)
);
CREATE TABLE device_origin (
  origin TEXT COLLATE "C" PRIMARY KEY,
  author TEXT COLLATE "C" NOT NULL,
  shared_from BIGINT,
  doubted BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE doubted_write (
  origin TEXT COLLATE "C" NOT NULL,
  origin_seq BIGINT NOT NULL,
  record TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (origin, origin_seq, record)
);
CREATE INDEX revision_dot ON revision (origin, origin_seq) WHERE submission IS NULL;
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE TABLE audit_object (
  object TEXT COLLATE "C" NOT NULL,
  entry TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (object, entry)
);
CREATE INDEX audit_object_entry ON audit_object (entry);
CREATE TABLE audit_head (
  number BIGINT NOT NULL,
  hash TEXT COLLATE "C" NOT NULL
);
CREATE TABLE audit_begun (
  id TEXT COLLATE "C" PRIMARY KEY,
  at TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  detail TEXT COLLATE "C" NOT NULL,
  address TEXT COLLATE "C" NOT NULL
);
CREATE TABLE audit_sign_in_failure (
  minute TEXT COLLATE "C" NOT NULL,
  address TEXT COLLATE "C" NOT NULL,
  account TEXT COLLATE "C" NOT NULL,
  tries BIGINT NOT NULL,
  PRIMARY KEY (minute, address, account)
);
CREATE TABLE sign_in_session (
  id TEXT COLLATE "C" PRIMARY KEY,
  person TEXT COLLATE "C" NOT NULL REFERENCES person (name),
  token TEXT COLLATE "C" NOT NULL,
  predecessor TEXT COLLATE "C",
  is_used BIGINT NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL,
  last_used_at TEXT COLLATE "C" NOT NULL,
  expires_at TEXT COLLATE "C" NOT NULL,
  ended_at TEXT COLLATE "C",
  address TEXT COLLATE "C" NOT NULL
);
CREATE INDEX sign_in_session_person ON sign_in_session (person, created_at);
CREATE INDEX sign_in_session_expires_at ON sign_in_session (expires_at);
CREATE INDEX record_category ON record (category, born_seq) WHERE category IS NOT NULL;
CREATE INDEX record_item ON record (item, born_seq) WHERE item IS NOT NULL;
CREATE TABLE roster_import (
  token TEXT COLLATE "C" PRIMARY KEY,
  person TEXT COLLATE "C" NOT NULL,
  file_name TEXT COLLATE "C" NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  result TEXT COLLATE "C",
  created_at TEXT COLLATE "C" NOT NULL,
  expires_at TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL DEFAULT 'people'
);
CREATE INDEX roster_import_expires_at ON roster_import (expires_at);
CREATE TABLE blob_to_delete (
  sha256 TEXT COLLATE "C" PRIMARY KEY,
  asked_at TEXT COLLATE "C" NOT NULL
);
CREATE TABLE change_file (
  sha256 TEXT COLLATE "C" NOT NULL,
  change TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (sha256, change)
);
CREATE TABLE sent_file (
  sha256 TEXT COLLATE "C" NOT NULL,
  author TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  media_type TEXT COLLATE "C" NOT NULL,
  received_at TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (sha256, author)
);
CREATE INDEX sent_file_received_at ON sent_file (received_at);
CREATE TABLE upload (
  id TEXT COLLATE "C" PRIMARY KEY,
  author TEXT COLLATE "C" NOT NULL,
  key_id TEXT COLLATE "C",
  size BIGINT NOT NULL,
  received BIGINT NOT NULL,
  metadata TEXT COLLATE "C" NOT NULL,
  stated_sha256 TEXT COLLATE "C",
  sha256 TEXT COLLATE "C",
  created_at TEXT COLLATE "C" NOT NULL,
  expires_at TEXT COLLATE "C" NOT NULL,
  completed_at TEXT COLLATE "C"
);
CREATE INDEX upload_author ON upload (author);
CREATE INDEX upload_expires_at ON upload (expires_at);
CREATE TABLE calendar_year (
  year BIGINT PRIMARY KEY,
  loaded_at TEXT COLLATE "C" NOT NULL,
  loaded_by TEXT COLLATE "C" NOT NULL
);
CREATE TABLE calendar_day (
  day TEXT COLLATE "C" PRIMARY KEY,
  year BIGINT NOT NULL REFERENCES calendar_year (year),
  kind TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL
);
CREATE TABLE area_border (
  area TEXT COLLATE "C" PRIMARY KEY REFERENCES area (code),
  rings TEXT COLLATE "C" NOT NULL,
  set_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX record_type_path ON record (type, path, created_at);
CREATE INDEX sent_file_author ON sent_file (author);
CREATE INDEX revision_files ON revision (record) WHERE attachments IS NOT NULL;
CREATE TABLE own_setting (
  person TEXT COLLATE "C" NOT NULL REFERENCES person (name),
  name TEXT COLLATE "C" NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (person, name)
);
CREATE INDEX record_flagged ON record (born_seq) WHERE flags <> '';
CREATE INDEX record_severe ON record (severity, born_seq) WHERE severity <> 'general';
CREATE INDEX record_requested ON record (born_seq) WHERE flags ILIKE '%|%_pending%';
CREATE TABLE thumbnail (
  sha256 TEXT COLLATE "C" PRIMARY KEY,
  state TEXT COLLATE "C" NOT NULL,
  tries BIGINT NOT NULL DEFAULT 0,
  asked_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX thumbnail_waiting ON thumbnail (asked_at, sha256) WHERE state = 'waiting';
CREATE TABLE address_step (
  number BIGINT PRIMARY KEY,
  step TEXT COLLATE "C" NOT NULL,
  url TEXT COLLATE "C" NOT NULL,
  old_url TEXT COLLATE "C" NOT NULL,
  made_at TEXT COLLATE "C" NOT NULL,
  made_by TEXT COLLATE "C" NOT NULL
);
CREATE INDEX revision_decision ON revision (seq)
  WHERE (action = 'decline_extension'
    OR action = 'decline_major'
    OR action = 'decline_return'
    OR action = 'decline_suspension'
    OR action = 'decline_transfer'
    OR action = 'decline_void'
    OR action = 'extend'
    OR action = 'mark_major'
    OR action = 'return'
    OR action = 'suspend'
    OR action = 'transfer'
    OR action = 'void');
CREATE TABLE timer (
  name TEXT COLLATE "C" PRIMARY KEY,
  done_until TEXT COLLATE "C" NOT NULL
);
CREATE TABLE recheck (
  record TEXT COLLATE "C" NOT NULL,
  week TEXT COLLATE "C" NOT NULL,
  town TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  stratum TEXT COLLATE "C" NOT NULL,
  drawn_at TEXT COLLATE "C" NOT NULL,
  due_at TEXT COLLATE "C" NOT NULL,
  waits BIGINT NOT NULL DEFAULT 1,
  PRIMARY KEY (record, week)
);
CREATE INDEX recheck_week ON recheck (week, town);
CREATE INDEX recheck_waiting ON recheck (due_at, record) WHERE waits = 1;
CREATE INDEX record_near ON record (path, closed_at, created_at) WHERE kind = 'case';
CREATE INDEX case_pace_month ON case_pace (month, bucket, n);
CREATE INDEX case_fact_moved ON case_fact (stepped_at, received_day, path, extended);
CREATE TABLE phone_holder (
  device TEXT COLLATE "C" NOT NULL,
  person TEXT COLLATE "C" NOT NULL,
  seen_at TEXT COLLATE "C" NOT NULL,
  compared_at TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (device, person)
);
CREATE TABLE case_delivery (
  record TEXT COLLATE "C" NOT NULL,
  assignee TEXT COLLATE "C" NOT NULL,
  since TEXT COLLATE "C" NOT NULL,
  delivered_at TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (record, assignee, since)
);
CREATE TABLE monthly_report (
  month TEXT COLLATE "C" PRIMARY KEY,
  as_of TEXT COLLATE "C" NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  sha256 TEXT COLLATE "C" NOT NULL,
  frozen_at TEXT COLLATE "C" NOT NULL,
  frozen_by TEXT COLLATE "C" NOT NULL
);
CREATE TABLE monthly_report_correction (
  month TEXT COLLATE "C" NOT NULL REFERENCES monthly_report (month),
  number BIGINT NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  sha256 TEXT COLLATE "C" NOT NULL,
  made_at TEXT COLLATE "C" NOT NULL,
  made_by TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (month, number)
);
CREATE INDEX record_placed ON record (placed, born_seq) WHERE kind = 'case';
-- Without label, number and id: an entry of PostgreSQL's index holds 2.7 kB, and a label may be longer.
CREATE INDEX record_status_due ON record (status, COALESCE(due_at, '9999-12-31T23:59:59.999Z'), born_seq, path, category, item, severity, source, assignee, author, flags,
  due_at, closed_at, placed)
  WHERE closed_at IS NULL AND status IS NOT NULL;
CREATE INDEX case_fact_limit ON case_fact (limit_day, path, category, close_due_at, closed_day)
  WHERE limit_day IS NOT NULL;
CREATE INDEX case_fact_received ON case_fact (received_day, path, lag_s, category);
CREATE INDEX record_reply_by ON record (reply_by, born_seq) WHERE closed_at IS NULL AND reply_by IS NOT NULL;
CREATE TABLE notice (
  person TEXT COLLATE "C" NOT NULL,
  record TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at TEXT COLLATE "C" NOT NULL,
  read_at TEXT COLLATE "C",
  PRIMARY KEY (person, record, kind)
);
CREATE INDEX notice_inbox ON notice (person, seq);
CREATE INDEX notice_unread ON notice (person, record) WHERE read_at IS NULL;
CREATE TABLE told_limit (
  record TEXT COLLATE "C" NOT NULL,
  matter TEXT COLLATE "C" NOT NULL,
  due_at TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (record, matter)
);
CREATE TABLE webhook (
  id TEXT COLLATE "C" PRIMARY KEY,
  url TEXT COLLATE "C" NOT NULL,
  kinds TEXT COLLATE "C" NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  ended_at TEXT COLLATE "C",
  after_seq BIGINT NOT NULL,
  failures BIGINT NOT NULL DEFAULT 0,
  retry_at TEXT COLLATE "C" NOT NULL DEFAULT '',
  problem TEXT COLLATE "C" NOT NULL DEFAULT ''
);
CREATE TABLE webhook_secret (
  id TEXT COLLATE "C" PRIMARY KEY,
  webhook TEXT COLLATE "C" NOT NULL REFERENCES webhook (id),
  secret TEXT COLLATE "C" NOT NULL,
  created_at TEXT COLLATE "C" NOT NULL
);
CREATE TABLE webhook_delivery (
  webhook TEXT COLLATE "C" NOT NULL REFERENCES webhook (id),
  seq BIGINT NOT NULL,
  record TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  at TEXT COLLATE "C" NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  next_at TEXT COLLATE "C" NOT NULL,
  claimed_until TEXT COLLATE "C" NOT NULL DEFAULT '',
  is_dead BIGINT NOT NULL DEFAULT 0,
  problem TEXT COLLATE "C" NOT NULL DEFAULT '',
  PRIMARY KEY (webhook, seq)
);
CREATE INDEX webhook_delivery_record ON webhook_delivery (webhook, record, seq) WHERE is_dead = 0;
CREATE INDEX notice_of_case ON notice (record) WHERE read_at IS NULL;
CREATE INDEX problem_kept_item ON problem (author, item) WHERE kind = 'unreadable' AND settled_at IS NULL;
CREATE INDEX case_fact_carried ON case_fact (id) WHERE carried = 1;
-- What SQLite's index of words is: the characters and pairs of characters of each label, by number of the record.
CREATE TABLE label_search (
  born_seq BIGINT PRIMARY KEY,
  words TEXT[] NOT NULL
);
CREATE INDEX label_search_words ON label_search USING gin (words);
-- What signs tokens, cursors and marks of this county: every process reads the same.
CREATE TABLE secret (
  value TEXT COLLATE "C" NOT NULL
);
-- The steps that have brought this schema to its shape.
CREATE TABLE migration (
  name TEXT COLLATE "C" PRIMARY KEY,
  applied_at TEXT COLLATE "C" NOT NULL
);
INSERT INTO counter (name, value) VALUES ('seq', 0), ('configuration', 0), ('labels', 0);
INSERT INTO audit_head (number, hash) VALUES (0, '');
