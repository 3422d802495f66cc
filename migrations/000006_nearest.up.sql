-- check_search returns no row; it raises where visage.nearest could only return nothing.
CREATE FUNCTION visage.check_search(dims integer, norm double precision, k integer, space text, gallery text, metric text)
RETURNS TABLE (face_id uuid, distance double precision)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1 AS $$
DECLARE
    wanted integer := (SELECT s.dim FROM visage.spaces s WHERE s.name = space);
BEGIN
    IF dims IS NULL OR NOT norm > 0 THEN
        RAISE EXCEPTION 'the probe is null or has length zero: it has no direction to compare'
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF k IS NULL OR k NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'k is %, but must be between 1 and 1000', coalesce(k::text, 'null')
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF metric IS NULL OR metric NOT IN ('cosine', 'euclidean', 'euclidean_l2', 'angular') THEN
        PERFORM visage.unknown_metric(metric);
    ELSIF wanted IS NULL THEN
        RAISE EXCEPTION 'unknown space "%"', space USING ERRCODE = 'no_data_found', HINT = 'Known spaces: '
            || coalesce((SELECT string_agg(s.name, ', ' ORDER BY s.name) FROM visage.spaces s), 'none, enrol something first');
    ELSIF NOT EXISTS (SELECT FROM visage.galleries g WHERE g.name = gallery) THEN
        RAISE EXCEPTION 'unknown gallery "%"', gallery USING ERRCODE = 'no_data_found', HINT = 'Known galleries: '
            || coalesce((SELECT string_agg(g.name, ', ' ORDER BY g.name) FROM visage.galleries g), 'none, enrol something first');
    ELSIF dims <> wanted THEN
        RAISE EXCEPTION 'the probe has % components, but space "%" has %', dims, space, wanted
            USING ERRCODE = 'data_exception';
    END IF;
END $$;
COMMENT ON FUNCTION visage.check_search IS 'Raises the errors of visage.nearest; returns nothing.';

-- exact_arm is the part of visage.nearest that compares every embedding of a gallery.
CREATE FUNCTION visage.exact_arm(space visage.spaces, condition text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT format($arm$
    SELECT a.face_id, a.distance FROM (
        SELECT e.face_id, visage.distance(e.embedding, nearest.probe, nearest.metric) AS distance
        FROM visage.%1$I e
        WHERE e.gallery_id = (SELECT g.id FROM visage.galleries g WHERE g.name = nearest.gallery)
        ORDER BY 2, 1 LIMIT nearest.k) a
    WHERE nearest.space = %2$L AND %3$s$arm$, 'embeddings_' || space.id, space.name, condition)
$$;
COMMENT ON FUNCTION visage.exact_arm IS 'Writes a part of visage.nearest.';

-- index_arm takes candidates from the HNSW index, then their exact distances. The inner limit is
-- a constant so that a prepared statement, which does not know k, plans for the index too; the
-- spare candidates make up for the index's half precision. Where the index gives fewer than k,
-- as it can for a small gallery in a large space, every embedding of the gallery is compared.
CREATE FUNCTION visage.index_arm(space visage.spaces, condition text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT format($arm$
    SELECT a.face_id, a.distance FROM (
        WITH candidates AS MATERIALIZED (
            SELECT c.face_id, visage.distance(c.embedding, nearest.probe, nearest.metric) AS distance
            FROM (
                SELECT e.face_id, e.embedding
                FROM visage.%1$I e
                WHERE e.gallery_id = (SELECT g.id FROM visage.galleries g WHERE g.name = nearest.gallery)
                ORDER BY e.embedding::halfvec(%4$s) <=> nearest.probe::halfvec
                LIMIT 2040) c
            LIMIT 2 * nearest.k + 40)
        SELECT c.face_id, c.distance FROM candidates c
        WHERE (SELECT count(*) FROM candidates) >= nearest.k
        UNION ALL
        SELECT r.face_id, r.distance FROM (
            SELECT e.face_id, visage.distance(e.embedding, nearest.probe, nearest.metric) AS distance
            FROM visage.%1$I e
            WHERE e.gallery_id = (SELECT g.id FROM visage.galleries g WHERE g.name = nearest.gallery)
            ORDER BY 2, 1 LIMIT nearest.k) r
        WHERE (SELECT count(*) FROM candidates) < nearest.k
        ORDER BY 2, 1 LIMIT nearest.k) a
    WHERE nearest.space = %2$L AND %3$s$arm$, 'embeddings_' || space.id, space.name, condition, space.dim)
$$;
COMMENT ON FUNCTION visage.index_arm IS 'Writes a part of visage.nearest.';

-- The names are fetched inside a lateral subquery with OFFSET 0, which the planner leaves as it
-- is: once for each row of the answer, by primary key, whatever it believes k to be.
CREATE FUNCTION visage.renew_nearest() RETURNS void LANGUAGE plpgsql AS $renew$
DECLARE
    space visage.spaces;
    arms  text := '';
BEGIN
    FOR space IN SELECT * FROM visage.spaces ORDER BY id LOOP
        arms := arms || E'\n    UNION ALL' || CASE
            WHEN space.dim > 4000 THEN visage.exact_arm(space, 'true')
            WHEN space.unit THEN visage.index_arm(space, 'true')
            ELSE visage.index_arm(space, $$nearest.metric <> 'euclidean'$$) || E'\n    UNION ALL'
              || visage.exact_arm(space, $$nearest.metric = 'euclidean'$$)
        END;
    END LOOP;
    EXECUTE format($function$
CREATE OR REPLACE FUNCTION visage.nearest(probe vector, k integer, space text,
    gallery text DEFAULT 'default', metric text DEFAULT 'cosine')
RETURNS TABLE (face_id uuid, identity text, image text, distance double precision)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT n.face_id, who.identity, who.image, n.distance
FROM (
    SELECT s.face_id, s.distance
    FROM visage.check_search(vector_dims(nearest.probe), vector_norm(nearest.probe),
        nearest.k, nearest.space, nearest.gallery, nearest.metric) s%s
) n
CROSS JOIN LATERAL (
    SELECT p.name AS identity, i.path AS image
    FROM visage.faces f
    JOIN visage.images i ON i.id = f.image_id
    LEFT JOIN visage.identities p ON p.id = f.identity_id
    WHERE f.id = n.face_id
    OFFSET 0) who
ORDER BY n.distance, n.face_id;
END$function$, arms);
END $renew$;
COMMENT ON FUNCTION visage.renew_nearest IS 'Writes visage.nearest anew for the spaces that there are.';

SELECT visage.renew_nearest();
COMMENT ON FUNCTION visage.nearest IS 'The k (1 to 1000) embeddings of a gallery nearest to a probe in a space, by metric cosine, euclidean, euclidean_l2 or angular. Candidates come from the HNSW index, distances from the stored vectors. Written by visage.renew_nearest.';
