DROP VIEW visage.gallery_faces;
