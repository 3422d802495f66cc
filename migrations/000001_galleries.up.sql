CREATE TABLE visage.galleries (
    id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text        NOT NULL CONSTRAINT galleries_name_key UNIQUE
                           CONSTRAINT galleries_name_check CHECK (octet_length(name) BETWEEN 1 AND 1024),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE visage.galleries IS 'Named sets of enrolled identities; a search stays within one.';
COMMENT ON COLUMN visage.galleries.name IS 'Unique name, 1 to 1024 bytes.';

CREATE TABLE visage.identities (
    id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    gallery_id uuid        NOT NULL REFERENCES visage.galleries ON DELETE CASCADE,
    name       text        NOT NULL
                           CONSTRAINT identities_name_check CHECK (octet_length(name) BETWEEN 1 AND 1024),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT identities_gallery_id_name_key UNIQUE (gallery_id, name),
    CONSTRAINT identities_gallery_id_id_key UNIQUE (gallery_id, id)
);
COMMENT ON TABLE visage.identities IS 'Enrolled people. Deleting one erases its images, faces and embeddings.';
COMMENT ON COLUMN visage.identities.name IS 'Unique in its gallery; bytes of a folder name that are not UTF-8 are written \xNN.';
