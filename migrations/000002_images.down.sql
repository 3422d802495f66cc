DROP TABLE visage.images;
