DROP TABLE visage.identities;
DROP TABLE visage.galleries;
