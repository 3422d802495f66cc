-- Four points become two, the eyes.
UPDATE visage.faces SET landmarks = landmarks[1:4] WHERE cardinality(landmarks) = 8;
ALTER TABLE visage.faces
    DROP CONSTRAINT faces_landmarks_check,
    ADD CONSTRAINT faces_landmarks_check CHECK (cardinality(landmarks) IN (0, 4, 10) AND array_position(landmarks, NULL) IS NULL);
COMMENT ON COLUMN visage.faces.landmarks IS 'x and y in turn of five points, two (the eyes) or none: left eye, right eye, nose, left and right mouth corner, as seen in the picture.';
