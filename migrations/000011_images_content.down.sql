DROP INDEX visage.images_content_idx;
