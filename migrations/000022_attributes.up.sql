-- What models say of a face, where an ingest was told to ask them. The place of the column in the
-- view is the last, so that what reads the view by position goes on to.
ALTER TABLE visage.faces ADD COLUMN attributes jsonb
    CONSTRAINT faces_attributes_check CHECK (jsonb_typeof(attributes) = 'object');
COMMENT ON COLUMN visage.faces.attributes IS 'What models estimate of the face, by attribute: {"age": {"years", "model"}} and for gender, race and emotion {"dominant", "percent": {label: 0 to 100}, "model"}; null where nobody asked.';

CREATE OR REPLACE VIEW visage.gallery_faces AS
SELECT g.name AS gallery, p.name AS identity, i.path AS image, f.id AS face_id,
       f.x1, f.y1, f.x2, f.y2, f.confidence, f.detector, s.name AS space, e.embedding, f.attributes
FROM visage.embeddings e
JOIN visage.spaces s ON s.id = e.space_id
JOIN visage.faces f ON f.id = e.face_id
JOIN visage.images i ON i.id = f.image_id
JOIN visage.galleries g ON g.id = e.gallery_id
LEFT JOIN visage.identities p ON p.id = f.identity_id;
