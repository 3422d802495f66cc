ALTER TABLE visage.images DROP COLUMN metadata;
