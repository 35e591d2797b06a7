-- Pulls ask for the newest seq of buckets of every type: by name, without walking all buckets of the county.
CREATE INDEX bucket_name ON bucket (name, seq);
