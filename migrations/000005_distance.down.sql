DROP FUNCTION visage.distance(vector, vector, text);
DROP FUNCTION visage.unknown_metric(text);
