-- The job queue. Its tables are River's, which makes them itself after this migration; they have a
-- schema of their own, so that visage shows what a person explores.
CREATE SCHEMA visage_queue;

COMMENT ON SCHEMA visage_queue IS 'Queued ingest jobs: the tables of River, for visage worker';
