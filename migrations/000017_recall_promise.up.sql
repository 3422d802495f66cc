-- What was measured so far says nothing of how sure it is. It is measured anew.
DELETE FROM visage.recall;
ALTER TABLE visage.recall
    ADD COLUMN promise double precision NOT NULL CONSTRAINT recall_promise_check CHECK (promise BETWEEN 0 AND 1),
    ADD COLUMN state   text             NOT NULL;
COMMENT ON COLUMN visage.recall.promise IS 'What mate_recall, or else recall, is at least, with a confidence of 95 %; what searches go by.';
COMMENT ON COLUMN visage.recall.state IS 'The index''s file and how often its table had been vacuumed; where these are others now, the index is another one.';
COMMENT ON COLUMN visage.recall.mate_recall IS 'Share of the templates of the probe''s own identity, of those that the exact search returned within the threshold; null where fewer than half of the probes had any.';
