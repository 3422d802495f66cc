CREATE TABLE visage.spaces (
    id         integer     PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name       text        NOT NULL CONSTRAINT spaces_name_key UNIQUE
                           CONSTRAINT spaces_name_check CHECK (octet_length(name) BETWEEN 1 AND 1024),
    recognizer text        NOT NULL CONSTRAINT spaces_recognizer_check CHECK (recognizer <> ''),
    weights    text        NOT NULL CONSTRAINT spaces_weights_check CHECK (weights ~ '^[0-9a-f]{64}$'),
    profile    text        NOT NULL CONSTRAINT spaces_profile_check CHECK (profile <> ''),
    detector   text        NOT NULL DEFAULT '',
    dim        integer     NOT NULL CONSTRAINT spaces_dim_check CHECK (dim BETWEEN 1 AND 16000),
    unit       boolean     NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT spaces_origin_key UNIQUE (recognizer, weights, profile, detector)
);
COMMENT ON TABLE visage.spaces IS 'Where embeddings live: only those of one space may be compared. Made by visage.add_space.';
COMMENT ON COLUMN visage.spaces.weights IS 'SHA-256 of the recogniser''s weights, hexadecimal.';
COMMENT ON COLUMN visage.spaces.profile IS 'How a face is prepared for the recogniser.';
COMMENT ON COLUMN visage.spaces.detector IS 'The detector that the crop depends on; empty where any five-point detector serves.';
COMMENT ON COLUMN visage.spaces.dim IS 'Components of an embedding.';
COMMENT ON COLUMN visage.spaces.unit IS 'Whether embeddings have Euclidean length 1.';

CREATE TABLE visage.image_spaces (
    image_id uuid        NOT NULL REFERENCES visage.images ON DELETE CASCADE,
    space_id integer     NOT NULL REFERENCES visage.spaces ON DELETE CASCADE,
    detector text        NOT NULL CONSTRAINT image_spaces_detector_check CHECK (detector <> ''),
    rejected text        CONSTRAINT image_spaces_rejected_check CHECK (rejected ~ '^[a-z_]+$'),
    faces    integer     NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_id, space_id),
    CONSTRAINT image_spaces_faces_check CHECK ((rejected IS NULL AND faces > 0) OR (rejected IS NOT NULL AND faces = 0))
);
COMMENT ON TABLE visage.image_spaces IS 'What became of an image''s present content in a space.';
COMMENT ON COLUMN visage.image_spaces.detector IS 'The detector of the last attempt.';
COMMENT ON COLUMN visage.image_spaces.rejected IS 'Why it gave no embedding, such as no_face; null if it was enrolled.';
COMMENT ON COLUMN visage.image_spaces.faces IS 'How many embeddings it gave.';

CREATE TABLE visage.embeddings (
    space_id   integer NOT NULL REFERENCES visage.spaces ON DELETE CASCADE,
    face_id    uuid    NOT NULL,
    gallery_id uuid    NOT NULL,
    embedding  vector  NOT NULL,
    PRIMARY KEY (space_id, face_id),
    CONSTRAINT embeddings_face_fkey FOREIGN KEY (gallery_id, face_id)
        REFERENCES visage.faces (gallery_id, id) ON DELETE CASCADE
) PARTITION BY LIST (space_id);
CREATE INDEX embeddings_gallery_idx ON visage.embeddings (gallery_id, face_id);
COMMENT ON TABLE visage.embeddings IS 'Templates, one partition for each space (embeddings_<space id>), which holds dimension and length and carries the HNSW index.';
COMMENT ON COLUMN visage.embeddings.embedding IS 'As the recogniser gave it after its own normalisation, in full precision.';
