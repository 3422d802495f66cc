CREATE FUNCTION visage.unknown_metric(metric text) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'unknown metric "%"', metric
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Choose one of cosine, euclidean, euclidean_l2, angular.';
END $$;
COMMENT ON FUNCTION visage.unknown_metric IS 'Raises the error of visage.distance for a metric that does not exist.';

-- The angle is taken from the sides of the rhombus that two unit vectors make, which stays
-- exact for nearly equal and nearly opposite vectors, where the arc cosine does not.
CREATE FUNCTION visage.distance(a vector, b vector, metric text) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE metric
    WHEN 'cosine' THEN a <=> b
    WHEN 'euclidean' THEN a <-> b
    WHEN 'euclidean_l2' THEN l2_normalize(a) <-> l2_normalize(b)
    WHEN 'angular' THEN 2 * atan2(l2_normalize(a) <-> l2_normalize(b), vector_norm(l2_normalize(a) + l2_normalize(b))) / pi()
    ELSE visage.unknown_metric(metric)
END;
COMMENT ON FUNCTION visage.distance IS 'Distance of two embeddings of one space: cosine [0,2], euclidean [0,inf) on the vectors as they are, euclidean_l2 [0,2] on vectors of length 1, angular [0,1] as part of half a turn.';
