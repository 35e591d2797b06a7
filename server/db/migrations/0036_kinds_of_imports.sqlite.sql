-- What was uploaded: 'people' (server/staffing/usecases/roster_import.py) or 'areas'
-- (server/staffing/usecases/grid_import.py). One is never taken for the other.
ALTER TABLE roster_import ADD COLUMN kind TEXT NOT NULL DEFAULT 'people';
