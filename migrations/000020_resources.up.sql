-- Merges of identities can be undone: what moved is written down. The record goes with what it is
-- about, so that it outlives nobody who was erased.
CREATE TABLE visage.merges (
    id              uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    gallery_id      uuid        NOT NULL REFERENCES visage.galleries ON DELETE CASCADE,
    into_id         uuid        NOT NULL,
    from_id         uuid        NOT NULL,
    from_name       text        NOT NULL,
    from_created_at timestamptz NOT NULL,
    carried         uuid[]      NOT NULL DEFAULT '{}',
    images          integer     NOT NULL,
    faces           integer     NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    undone_at       timestamptz,
    CONSTRAINT merges_into_fkey FOREIGN KEY (gallery_id, into_id)
        REFERENCES visage.identities (gallery_id, id) ON DELETE CASCADE
);
CREATE INDEX merges_into_idx ON visage.merges (gallery_id, into_id);
COMMENT ON TABLE visage.merges IS 'One row for each merge of an identity into another, until the latter is erased.';
COMMENT ON COLUMN visage.merges.into_id IS 'Who has now what was moved: the identity that was merged into or, after it was merged too, the next one.';
COMMENT ON COLUMN visage.merges.from_id IS 'The identity that was merged, which is gone; it comes back with its id.';
COMMENT ON COLUMN visage.merges.carried IS 'Earlier merges into the identity that was merged, which this one took along.';
COMMENT ON COLUMN visage.merges.images IS 'How many photographs moved.';
COMMENT ON COLUMN visage.merges.faces IS 'How many faces moved.';
COMMENT ON COLUMN visage.merges.undone_at IS 'When it was undone; null for a merge that stands.';

CREATE TABLE visage.merge_images (
    merge_id uuid NOT NULL REFERENCES visage.merges ON DELETE CASCADE,
    image_id uuid NOT NULL REFERENCES visage.images ON DELETE CASCADE,
    PRIMARY KEY (merge_id, image_id)
);
CREATE INDEX merge_images_image_idx ON visage.merge_images (image_id);
COMMENT ON TABLE visage.merge_images IS 'The photographs that a merge moved.';

CREATE TABLE visage.merge_faces (
    merge_id uuid NOT NULL REFERENCES visage.merges ON DELETE CASCADE,
    face_id  uuid NOT NULL REFERENCES visage.faces ON DELETE CASCADE,
    PRIMARY KEY (merge_id, face_id)
);
CREATE INDEX merge_faces_face_idx ON visage.merge_faces (face_id);
COMMENT ON TABLE visage.merge_faces IS 'The faces that a merge moved.';

CREATE TABLE visage.crops (
    face_id    uuid        PRIMARY KEY REFERENCES visage.faces ON DELETE CASCADE,
    jpeg       bytea       NOT NULL CONSTRAINT crops_jpeg_check CHECK (octet_length(jpeg) BETWEEN 1 AND 4194304),
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE visage.crops ALTER jpeg SET STORAGE EXTERNAL;
COMMENT ON TABLE visage.crops IS 'Pictures of enrolled faces, kept only where a server was told to (visage serve --keep-crops).';

CREATE TABLE visage.idempotency (
    caller     text        NOT NULL,
    key        text        NOT NULL CONSTRAINT idempotency_key_check CHECK (octet_length(key) BETWEEN 1 AND 255),
    request    bytea       NOT NULL CONSTRAINT idempotency_request_check CHECK (octet_length(request) = 32),
    status     integer     NOT NULL,
    header     jsonb       NOT NULL,
    body       bytea       NOT NULL CONSTRAINT idempotency_body_check CHECK (octet_length(body) <= 4194304),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_created_at_idx ON visage.idempotency (created_at);
COMMENT ON TABLE visage.idempotency IS 'Answers to writes that came with an Idempotency-Key, for a day: the same request gets the same answer.';
COMMENT ON COLUMN visage.idempotency.request IS 'SHA-256 of method, path and body.';

-- Lists go on after a name, byte by byte whatever the database's collation; so does the search for
-- names that begin alike.
CREATE INDEX identities_listing_idx ON visage.identities (gallery_id, name COLLATE "C", id);
