CREATE TABLE visage.faces (
    id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    gallery_id  uuid        NOT NULL,
    image_id    uuid        NOT NULL,
    identity_id uuid,
    detector    text        NOT NULL CONSTRAINT faces_detector_check CHECK (detector <> ''),
    confidence  real        NOT NULL CONSTRAINT faces_confidence_check CHECK (confidence BETWEEN 0 AND 1),
    x1          real        NOT NULL,
    y1          real        NOT NULL,
    x2          real        NOT NULL,
    y2          real        NOT NULL,
    landmarks   real[]      NOT NULL DEFAULT '{}'
                CONSTRAINT faces_landmarks_check CHECK (cardinality(landmarks) IN (0, 4, 10) AND array_position(landmarks, NULL) IS NULL),
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT faces_box_check CHECK (x1 > '-Infinity' AND y1 > '-Infinity' AND x2 > x1 AND y2 > y1
        AND x2 < 'Infinity' AND y2 < 'Infinity'),
    CONSTRAINT faces_gallery_id_id_key UNIQUE (gallery_id, id),
    CONSTRAINT faces_place_key UNIQUE (image_id, detector, x1, y1, x2, y2),
    CONSTRAINT faces_image_fkey FOREIGN KEY (gallery_id, image_id)
        REFERENCES visage.images (gallery_id, id) ON DELETE CASCADE,
    CONSTRAINT faces_identity_fkey FOREIGN KEY (gallery_id, identity_id)
        REFERENCES visage.identities (gallery_id, id) ON DELETE CASCADE
);
CREATE INDEX faces_identity_idx ON visage.faces (gallery_id, identity_id);
COMMENT ON TABLE visage.faces IS 'Faces found in images. Spaces share a face that one detector found at one place.';
COMMENT ON COLUMN visage.faces.identity_id IS 'Whose face it is; null for none.';
COMMENT ON COLUMN visage.faces.confidence IS 'The detector''s own, 0 to 1; compares detections of one detector only.';
COMMENT ON COLUMN visage.faces.x1 IS 'Left edge of the box, pixels of the displayed image; may lie outside of it.';
COMMENT ON COLUMN visage.faces.y1 IS 'Top edge of the box, pixels.';
COMMENT ON COLUMN visage.faces.x2 IS 'Right edge of the box, pixels.';
COMMENT ON COLUMN visage.faces.y2 IS 'Bottom edge of the box, pixels.';
COMMENT ON COLUMN visage.faces.landmarks IS 'x and y in turn of five points, two (the eyes) or none: left eye, right eye, nose, left and right mouth corner, as seen in the picture.';
