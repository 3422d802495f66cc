-- The index of a new space is built with an ef_construction of 200 instead of pgvector's 64. Faces
-- have few mates among many that are all about as far, and a graph that was built in haste does
-- not lead to them: docs/trials.md has the figures. Indexes that stand are left as they are.
CREATE OR REPLACE FUNCTION visage.add_space(name text, recognizer text, weights text, profile text, detector text, dim integer, unit boolean)
RETURNS integer LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    known visage.spaces;
    part  text;
BEGIN
    LOCK TABLE visage.spaces IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO known FROM visage.spaces s WHERE s.name = add_space.name;
    IF FOUND THEN
        IF (known.recognizer, known.weights, known.profile, known.detector, known.dim, known.unit)
            IS DISTINCT FROM (add_space.recognizer, add_space.weights, add_space.profile, add_space.detector, add_space.dim, add_space.unit) THEN
            RAISE EXCEPTION 'space "%" exists already with other weights, preparation or dimension', add_space.name
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'spaces_name_key';
        END IF;
        RETURN known.id;
    END IF;

    -- The locks that a partition needs, in the order in which an enrolment takes them.
    LOCK TABLE visage.faces IN SHARE ROW EXCLUSIVE MODE;
    LOCK TABLE visage.embeddings IN ACCESS EXCLUSIVE MODE;
    INSERT INTO visage.spaces (name, recognizer, weights, profile, detector, dim, unit)
    VALUES (add_space.name, add_space.recognizer, add_space.weights, add_space.profile, add_space.detector, add_space.dim, add_space.unit)
    RETURNING * INTO known;
    part := 'embeddings_' || known.id;
    EXECUTE format('CREATE TABLE visage.%I PARTITION OF visage.embeddings FOR VALUES IN (%s)', part, known.id);
    EXECUTE format('COMMENT ON TABLE visage.%I IS %L', part, 'Embeddings of space ' || known.name || '.');
    EXECUTE format('ALTER TABLE visage.%I ALTER embedding SET STORAGE %s,
        ADD CONSTRAINT %I CHECK (vector_dims(embedding) = %s)', part,
        CASE WHEN known.dim <= 2000 THEN 'PLAIN' ELSE 'EXTERNAL' END, part || '_dim_check', known.dim);
    EXECUTE format('ALTER TABLE visage.%I ADD CONSTRAINT %I CHECK (%s)', part, part || '_length_check',
        CASE WHEN known.unit THEN 'abs(vector_norm(embedding) - 1) <= 1e-3'
             ELSE 'l2_norm(embedding::halfvec) > 0' END);
    IF known.dim <= 4000 THEN
        PERFORM set_config('max_parallel_maintenance_workers', '0', true);
        EXECUTE format('CREATE INDEX %I ON visage.%I USING hnsw ((embedding::halfvec(%s)) halfvec_cosine_ops) WITH (m = 16, ef_construction = 200)',
            part || '_hnsw', part, known.dim);
    END IF;
    PERFORM visage.renew_nearest();
    RETURN known.id;
END $$;
