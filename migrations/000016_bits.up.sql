-- HNSW takes no vector of more than 4,000 dimensions, but bits that stand for it: the signs of what
-- the vector, less the mean of its space, is when it is turned. The function visage.bits_<space id>,
-- which visage index build makes and drop removes, has the mean and makes them.

-- bits_arm is index_arm for such a space. Bits rank coarsely, so that all ef_search candidates of
-- the index are ranked anew by the stored vectors, and a gallery of up to 1,000, which takes about
-- as long, is compared in full: there are no candidates then.
CREATE FUNCTION visage.bits_arm(space visage.spaces, condition text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT format($arm$
    SELECT a.face_id, a.distance FROM (
        WITH candidates AS MATERIALIZED (
            SELECT c.face_id, visage.distance(c.embedding, nearest.probe, nearest.metric) AS distance
            FROM (
                SELECT e.face_id, e.embedding
                FROM visage.%1$I e
                WHERE e.gallery_id = (SELECT g.id FROM visage.galleries g WHERE g.name = nearest.gallery)
                ORDER BY visage.%5$I(e.embedding)::bit(%4$s) <~> visage.%5$I(nearest.probe)::bit(%4$s)
                LIMIT 2040) c
            WHERE (SELECT count(*) FROM (
                SELECT FROM visage.%1$I e
                WHERE e.gallery_id = (SELECT g.id FROM visage.galleries g WHERE g.name = nearest.gallery)
                LIMIT 1001) few) > 1000
            LIMIT greatest(2 * nearest.k + 40, current_setting('hnsw.ef_search', true)::integer))
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
    WHERE nearest.space = %2$L AND %3$s$arm$, 'embeddings_' || space.id, space.name, condition, space.dim, 'bits_' || space.id)
$$;
COMMENT ON FUNCTION visage.bits_arm IS 'Writes a part of visage.nearest.';

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
