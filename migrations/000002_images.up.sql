CREATE TABLE visage.images (
    id          uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    gallery_id  uuid        NOT NULL REFERENCES visage.galleries ON DELETE CASCADE,
    identity_id uuid,
    path        text        NOT NULL CONSTRAINT images_path_check CHECK (path <> ''),
    path_bytes  bytea       NOT NULL CONSTRAINT images_path_bytes_check CHECK (octet_length(path_bytes) > 0),
    sha256      bytea       NOT NULL CONSTRAINT images_sha256_check CHECK (octet_length(sha256) = 32),
    size        bigint      NOT NULL CONSTRAINT images_size_check CHECK (size >= 0),
    mtime       timestamptz NOT NULL,
    width       integer     NOT NULL CONSTRAINT images_width_check CHECK (width >= 0),
    height      integer     NOT NULL CONSTRAINT images_height_check CHECK (height >= 0),
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT images_gallery_id_id_key UNIQUE (gallery_id, id),
    CONSTRAINT images_identity_fkey FOREIGN KEY (gallery_id, identity_id)
        REFERENCES visage.identities (gallery_id, id) ON DELETE CASCADE
);
-- A path may have 4,096 bytes, more than an index row holds: its hash is unique in its stead.
CREATE UNIQUE INDEX images_gallery_id_path_key ON visage.images (gallery_id, sha256(path_bytes));
CREATE INDEX images_identity_idx ON visage.images (gallery_id, identity_id);
COMMENT ON TABLE visage.images IS 'The ledger: one row for each photograph that was looked at, known by its path in a gallery.';
COMMENT ON COLUMN visage.images.identity_id IS 'Whose photograph it is; null for none.';
COMMENT ON COLUMN visage.images.path IS 'Absolute path for people; bytes that are not UTF-8 are written \xNN.';
COMMENT ON COLUMN visage.images.path_bytes IS 'The path as the file system has it, byte for byte.';
COMMENT ON COLUMN visage.images.sha256 IS 'SHA-256 of the content; 32 zero bytes where it could not be read.';
COMMENT ON COLUMN visage.images.size IS 'Bytes.';
COMMENT ON COLUMN visage.images.mtime IS 'Modification time of the file, to the microsecond.';
COMMENT ON COLUMN visage.images.width IS 'Pixels as displayed; 0 if it was never decoded.';
COMMENT ON COLUMN visage.images.height IS 'Pixels as displayed; 0 if it was never decoded.';
