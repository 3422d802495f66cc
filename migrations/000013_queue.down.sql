-- With all that River has made in it.
DROP SCHEMA visage_queue CASCADE;
