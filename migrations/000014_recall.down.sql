DROP TABLE visage.recall;
