CREATE TABLE visage.recall (
    space_id    integer          NOT NULL REFERENCES visage.spaces ON DELETE CASCADE,
    metric      text             NOT NULL CONSTRAINT recall_metric_check CHECK (metric IN ('cosine', 'euclidean')),
    ef_search   integer          NOT NULL CONSTRAINT recall_ef_search_check CHECK (ef_search BETWEEN 1 AND 1000),
    k           integer          NOT NULL CONSTRAINT recall_k_check CHECK (k > 0),
    recall      double precision NOT NULL CONSTRAINT recall_recall_check CHECK (recall BETWEEN 0 AND 1),
    mate_recall double precision CONSTRAINT recall_mate_recall_check CHECK (mate_recall BETWEEN 0 AND 1),
    probes      integer          NOT NULL CONSTRAINT recall_probes_check CHECK (probes > 0),
    rows        bigint           NOT NULL CONSTRAINT recall_rows_check CHECK (rows > 0),
    measured_at timestamptz      NOT NULL DEFAULT now(),
    PRIMARY KEY (space_id, metric, ef_search)
);
COMMENT ON TABLE visage.recall IS 'How much of an exact search''s answers the HNSW index of a space returns, by hnsw.ef_search; measured by visage index recall, and what searches choose their ef_search by.';
COMMENT ON COLUMN visage.recall.metric IS 'The index: cosine, which serves euclidean_l2 and angular too, or euclidean.';
COMMENT ON COLUMN visage.recall.k IS 'How many of the nearest were compared.';
COMMENT ON COLUMN visage.recall.recall IS 'Share of the k nearest that the index returned.';
COMMENT ON COLUMN visage.recall.mate_recall IS 'Share of the templates of the probe''s own identity, of those that the exact search returned within the threshold; null where there were none.';
COMMENT ON COLUMN visage.recall.probes IS 'Stored templates that were searched for.';
COMMENT ON COLUMN visage.recall.rows IS 'Templates that the space had. What was measured on fewer than half as many as there are now is not relied on.';
