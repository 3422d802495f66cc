-- What visage.add_space and visage.nearest are on Citus, in place of those of the migrations.

-- Citus takes no SET STORAGE for a table that it has: the partition is made complete and then
-- attached, and Citus makes its shards of it. Ids are counted here, under the lock.
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

    INSERT INTO visage.spaces (id, name, recognizer, weights, profile, detector, dim, unit)
    VALUES ((SELECT coalesce(max(s.id), 0) + 1 FROM visage.spaces s),
        add_space.name, add_space.recognizer, add_space.weights, add_space.profile, add_space.detector, add_space.dim, add_space.unit)
    RETURNING * INTO known;
    part := 'embeddings_' || known.id;
    EXECUTE format('CREATE TABLE visage.%I (LIKE visage.embeddings)', part);
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
    EXECUTE format('ALTER TABLE visage.embeddings ATTACH PARTITION visage.%I FOR VALUES IN (%s)', part, known.id);
    RETURN known.id;
END $$;

-- Citus plans no SQL function with parameters over distributed tables, and PL/pgSQL needs none
-- written for each space.
CREATE OR REPLACE FUNCTION visage.renew_nearest() RETURNS void LANGUAGE sql AS $$ $$;

-- Candidates are found by each shard, by the bare operator and a limit; their exact distances are
-- computed here: OFFSET 0 makes Citus fetch the rows, so that the workers need no function of ours.
CREATE OR REPLACE FUNCTION visage.nearest(probe vector, k integer, space text,
    gallery text DEFAULT 'default', metric text DEFAULT 'cosine')
RETURNS TABLE (face_id uuid, identity text, image text, distance double precision)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    at    visage.spaces;
    held  uuid;
    found uuid[];
    ranks CONSTANT text := 'SELECT array_agg(n.face_id) FROM (
        SELECT e.face_id FROM visage.%I e WHERE e.gallery_id = $2 ORDER BY %s LIMIT %s) n';
BEGIN
    PERFORM visage.check_search(vector_dims(probe), vector_norm(probe), k, space, gallery, metric);
    SELECT s.* INTO at FROM visage.spaces s WHERE s.name = nearest.space;
    SELECT g.id INTO held FROM visage.galleries g WHERE g.name = nearest.gallery;
    IF at.dim <= 4000 AND (at.unit OR metric <> 'euclidean') THEN
        EXECUTE format(ranks, 'embeddings_' || at.id, format('e.embedding::halfvec(%s) <=> $1::vector::halfvec', at.dim), 2 * k + 40)
            INTO found USING probe, held;
    END IF;
    IF coalesce(cardinality(found), 0) < k THEN
        EXECUTE format(ranks, 'embeddings_' || at.id, 'e.embedding ' || CASE metric WHEN 'euclidean' THEN '<->' ELSE '<=>' END || ' $1::vector', k)
            INTO found USING probe, held;
    END IF;
    RETURN QUERY
        SELECT c.face_id, p.name, i.path, visage.distance(c.embedding, nearest.probe, nearest.metric)
        FROM (SELECT e.face_id, e.embedding FROM visage.embeddings e
              WHERE e.space_id = at.id AND e.face_id = ANY (found) OFFSET 0) c
        JOIN visage.faces f ON f.id = c.face_id
        JOIN visage.images i ON i.id = f.image_id
        LEFT JOIN visage.identities p ON p.id = f.identity_id
        ORDER BY 4, 1 LIMIT nearest.k;
END $$;
COMMENT ON FUNCTION visage.nearest IS 'The k (1 to 1000) embeddings of a gallery nearest to a probe in a space, by metric cosine, euclidean, euclidean_l2 or angular. Candidates come from the HNSW indexes of the shards, distances from the stored vectors.';
