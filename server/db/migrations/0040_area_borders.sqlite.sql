-- Where areas end, as far as somebody has brought it (server/grid/usecases/bordering.py). rings: coordinates of a GeoJSON
-- MultiPolygon (RFC 7946) as JSON: polygons of rings of [longitude, latitude].
CREATE TABLE area_border (
  area   TEXT PRIMARY KEY REFERENCES area (code),
  rings  TEXT NOT NULL,
  set_at TEXT NOT NULL
) STRICT;
