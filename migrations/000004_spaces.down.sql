DROP TABLE visage.embeddings;
DROP TABLE visage.image_spaces;
DROP TABLE visage.spaces;
