-- A search can be narrowed to photographs whose metadata contain something. Galleries without
-- metadata pay nothing for the index.
CREATE INDEX images_metadata_idx ON visage.images USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;
