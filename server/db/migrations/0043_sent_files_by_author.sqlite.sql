-- What one person has sent and no change names is summed before each upload: from that person's files, not from all.
CREATE INDEX sent_file_author ON sent_file (author);
