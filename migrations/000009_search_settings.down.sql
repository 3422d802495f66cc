DO $$
BEGIN
    PERFORM '[1]'::vector;
    EXECUTE format('ALTER DATABASE %I RESET hnsw.ef_search', current_database());
    EXECUTE format('ALTER DATABASE %I RESET hnsw.iterative_scan', current_database());
    EXECUTE format('ALTER DATABASE %I RESET jit', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'not the owner of the database: its settings stay as they are';
END $$;
