DROP INDEX visage.identities_listing_idx;
DROP TABLE visage.idempotency;
DROP TABLE visage.crops;
DROP TABLE visage.merge_faces;
DROP TABLE visage.merge_images;
DROP TABLE visage.merges;
