DROP TABLE visage.faces;
