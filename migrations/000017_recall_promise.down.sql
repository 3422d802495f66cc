ALTER TABLE visage.recall DROP COLUMN promise, DROP COLUMN state;
COMMENT ON COLUMN visage.recall.mate_recall IS 'Share of the templates of the probe''s own identity, of those that the exact search returned within the threshold; null where there were none.';
