-- Some detectors give the middle of the mouth instead of its corners: four points.
ALTER TABLE visage.faces
    DROP CONSTRAINT faces_landmarks_check,
    ADD CONSTRAINT faces_landmarks_check CHECK (cardinality(landmarks) IN (0, 4, 8, 10) AND array_position(landmarks, NULL) IS NULL);
COMMENT ON COLUMN visage.faces.landmarks IS 'x and y in turn of five points (left eye, right eye, nose, left and right mouth corner, as seen in the picture), four (the fourth is the middle of the mouth), two (the eyes) or none.';
