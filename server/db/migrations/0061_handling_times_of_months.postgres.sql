-- The handling times of each month, of all towns together, by the index alone.
CREATE INDEX case_pace_month ON case_pace (month, bucket, n);
