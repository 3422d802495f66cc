DROP INDEX visage.images_metadata_idx;
