-- visage.nearest searched by raw euclidean in spaces of other lengths than 1 exactly, also where
-- such a space has an index of its own for that. Whether it has is looked up at each search, since
-- indexes come and go: visage index build and drop do not write visage.nearest anew.
CREATE FUNCTION visage.has_index(part text, class text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT EXISTS (
    SELECT FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am a ON a.oid = c.relam
    JOIN pg_opclass o ON o.oid = i.indclass[0]
    WHERE i.indrelid = to_regclass('visage.' || part) AND i.indisvalid AND a.amname = 'hnsw' AND o.opcname = class)
$$;
COMMENT ON FUNCTION visage.has_index IS 'Whether a partition has an HNSW index of an operator class that can be used.';

-- index_arm takes candidates from the HNSW index, then their exact distances. The inner limit is
-- a constant so that a prepared statement, which does not know k, plans for the index too; the
-- spare candidates make up for the index's half precision. Where the index gives fewer than k,
-- as it can for a small gallery in a large space, every embedding of the gallery is compared.
-- The operator is that of the index, <=> or <->.
CREATE FUNCTION visage.index_arm(space visage.spaces, condition text, operator text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT format($arm$
    SELECT a.face_id, a.distance FROM (
        WITH candidates AS MATERIALIZED (
            SELECT c.face_id, visage.distance(c.embedding, nearest.probe, nearest.metric) AS distance
            FROM (
                SELECT e.face_id, e.embedding
                FROM visage.%1$I e
                WHERE e.gallery_id = (SELECT g.id FROM visage.galleries g WHERE g.name = nearest.gallery)
                ORDER BY e.embedding::halfvec(%4$s) %5$s nearest.probe::halfvec
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
    WHERE nearest.space = %2$L AND %3$s$arm$, 'embeddings_' || space.id, space.name, condition, space.dim, operator)
$$;
COMMENT ON FUNCTION visage.index_arm(visage.spaces, text, text) IS 'Writes a part of visage.nearest.';

-- euclidean_arms are the two parts for raw euclidean, one of which finds anything.
CREATE FUNCTION visage.euclidean_arms(space visage.spaces) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT visage.index_arm(space, format('nearest.metric = %L AND visage.has_index(%L, %L)', 'euclidean', 'embeddings_' || space.id, 'halfvec_l2_ops'), '<->')
    || E'\n    UNION ALL'
    || visage.exact_arm(space, format('nearest.metric = %L AND NOT visage.has_index(%L, %L)', 'euclidean', 'embeddings_' || space.id, 'halfvec_l2_ops'))
$$;
COMMENT ON FUNCTION visage.euclidean_arms IS 'Writes two parts of visage.nearest.';

CREATE OR REPLACE FUNCTION visage.renew_nearest() RETURNS void LANGUAGE plpgsql AS $renew$
DECLARE
    space visage.spaces;
    arms  text := '';
BEGIN
    FOR space IN SELECT * FROM visage.spaces ORDER BY id LOOP
        arms := arms || E'\n    UNION ALL' || CASE
            WHEN space.dim > 4000 AND NOT EXISTS (
                SELECT FROM pg_index i WHERE i.indexrelid = to_regclass('visage.embeddings_' || space.id || '_hnsw') AND i.indisvalid)
                THEN visage.exact_arm(space, 'true')
            WHEN space.dim > 4000 AND space.unit THEN visage.bits_arm(space, 'true')
            WHEN space.dim > 4000 THEN visage.bits_arm(space, $$nearest.metric <> 'euclidean'$$) || E'\n    UNION ALL'
              || visage.exact_arm(space, $$nearest.metric = 'euclidean'$$)
            WHEN space.unit THEN visage.index_arm(space, 'true', '<=>')
            ELSE visage.index_arm(space, $$nearest.metric <> 'euclidean'$$, '<=>') || E'\n    UNION ALL'
              || visage.euclidean_arms(space)
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

SELECT visage.renew_nearest();
DROP FUNCTION visage.index_arm(visage.spaces, text);
