ALTER TABLE visage.images ADD COLUMN metadata jsonb
    CONSTRAINT images_metadata_check CHECK (jsonb_typeof(metadata) = 'object');
COMMENT ON COLUMN visage.images.metadata IS 'What a manifest said of the photograph; null for nothing.';
