CREATE OR REPLACE FUNCTION visage.renew_nearest() RETURNS void LANGUAGE plpgsql AS $renew$
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
SELECT visage.renew_nearest();
DROP FUNCTION visage.bits_arm(visage.spaces, text);

-- The indexes go with the functions that they are made of, and what was measured of them.
DO $$
DECLARE
    space visage.spaces;
BEGIN
    FOR space IN SELECT * FROM visage.spaces WHERE dim > 4000 ORDER BY id LOOP
        EXECUTE format('DROP FUNCTION IF EXISTS visage.%I(vector) CASCADE', 'bits_' || space.id);
        DELETE FROM visage.recall r WHERE r.space_id = space.id;
    END LOOP;
END $$;
