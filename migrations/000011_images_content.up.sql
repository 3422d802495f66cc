-- An ingest asks of each new photograph whether the gallery has its content under another path.
CREATE INDEX images_content_idx ON visage.images (gallery_id, sha256);
