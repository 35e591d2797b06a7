-- media_type: what a file is, as its bytes say. declared_type: what the phone called it, kept beside.
-- What is here already keeps what it was called; what it is, is looked at when it is sent to anybody.
ALTER TABLE submission_file ADD COLUMN declared_type TEXT NOT NULL DEFAULT '';
ALTER TABLE kept_file ADD COLUMN declared_type TEXT NOT NULL DEFAULT '';
UPDATE submission_file SET declared_type = media_type;
UPDATE kept_file SET declared_type = media_type;

-- Pictures of these formats counted as broken, since nothing drew them.
UPDATE thumbnail SET state = 'waiting', tries = 0
 WHERE state = 'damaged'
   AND sha256 IN (SELECT sha256 FROM submission_file WHERE media_type IN ('image/tiff', 'image/avif'));
