DROP TABLE visage.api_keys;
