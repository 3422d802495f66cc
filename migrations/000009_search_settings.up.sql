-- Better defaults for people who search with plain SQL: pgvector's ef_search of 40 misses a
-- quarter of the mates among faces, and without iterative scans a filter can empty the answer.
-- JIT goes by the cost of a whole plan, and that of visage.nearest has parts which never run:
-- compiling them would take longer than the search.
-- The cast loads the library, which makes its settings known. Where the role does not own the
-- database, searching works with pgvector's defaults.
DO $$
BEGIN
    PERFORM '[1]'::vector;
    EXECUTE format('ALTER DATABASE %I SET hnsw.ef_search = 200', current_database());
    EXECUTE format('ALTER DATABASE %I SET hnsw.iterative_scan = relaxed_order', current_database());
    EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'not the owner of the database: hnsw.ef_search, hnsw.iterative_scan and jit keep their defaults';
END $$;
