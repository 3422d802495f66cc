DROP VIEW visage.gallery_faces;
CREATE VIEW visage.gallery_faces AS
SELECT g.name AS gallery, p.name AS identity, i.path AS image, f.id AS face_id,
       f.x1, f.y1, f.x2, f.y2, f.confidence, f.detector, s.name AS space, e.embedding
FROM visage.embeddings e
JOIN visage.spaces s ON s.id = e.space_id
JOIN visage.faces f ON f.id = e.face_id
JOIN visage.images i ON i.id = f.image_id
JOIN visage.galleries g ON g.id = e.gallery_id
LEFT JOIN visage.identities p ON p.id = f.identity_id;
COMMENT ON VIEW visage.gallery_faces IS 'One row for each embedding, with all that is known of its face; made for exploring.';
ALTER TABLE visage.faces DROP COLUMN attributes;
