DROP FUNCTION visage.nearest(vector, integer, text, text, text);
DROP FUNCTION visage.renew_nearest();
DROP FUNCTION visage.index_arm(visage.spaces, text);
DROP FUNCTION visage.exact_arm(visage.spaces, text);
DROP FUNCTION visage.check_search(integer, double precision, integer, text, text, text);
