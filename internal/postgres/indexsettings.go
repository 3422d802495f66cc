package postgres

import (
	"fmt"

	"github.com/visagedb/visage/internal/face"
)

// pgvector's own settings of an HNSW index (pgvector, src/hnsw.h), and what it
// allows.
const (
	defaultM               = 16
	leastM, mostM          = 2, 100
	pgvectorEfConstruction = 64
	leastEfConstruction    = 4
	mostEfConstruction     = 1_000
)

// defaultEfConstruction is that of indexes that are built here: a graph built with
// pgvector's own has to be searched four times as hard for the same mates
// (docs/trials.md).
const defaultEfConstruction = 200

// soundParallel is the first pgvector whose parallel builds are sound: earlier
// ones can overflow a buffer (CVE-2026-3172).
const soundParallel = "0.8.2"

// IndexSettings say how an index is built.
type IndexSettings struct {
	// Metric is one that the index shall serve; see Family. Defaults to
	// face.Cosine.
	Metric face.Metric
	// M is the number of neighbours of a node, from 2 to 100. Defaults to 16.
	M int
	// EfConstruction is how many nodes are looked at to find them, from 4 to 1,000
	// and at least twice M. Defaults to 200.
	EfConstruction int
	// Workers are how many processes help with the build. Defaults to what the
	// server allows, and to none for a pgvector whose parallel builds are faulty.
	Workers *int
	// Memory is the build's maintenance_work_mem as PostgreSQL writes it, such as
	// "2GB". Defaults to the server's.
	Memory string
}

func (s IndexSettings) withDefaults() IndexSettings {
	if s.Metric == "" {
		s.Metric = face.Cosine
	}
	if s.M == 0 {
		s.M = defaultM
	}
	if s.EfConstruction == 0 {
		s.EfConstruction = max(defaultEfConstruction, 2*s.M)
	}
	return s
}

// checked returns the settings with defaults, the metric as its family, or Invalid
// for what the space cannot have.
func (s IndexSettings) checked(space face.Space) (IndexSettings, error) {
	s = s.withDefaults()
	if _, err := face.ParseMetric(string(s.Metric)); err != nil {
		return s, err
	}
	s.Metric = Family(s.Metric, space)
	switch {
	case !Indexable(space, s.Metric):
		return s, face.Errorf(face.Invalid, "space %s has %d dimensions and templates of other lengths than 1: no index serves raw euclidean there, which is searched exactly", space.Name(), space.Dim)
	case s.M < leastM || s.M > mostM:
		return s, face.Errorf(face.Invalid, "m %d: use %d to %d", s.M, leastM, mostM)
	case s.EfConstruction < leastEfConstruction || s.EfConstruction > mostEfConstruction || s.EfConstruction < 2*s.M:
		return s, face.Errorf(face.Invalid, "ef_construction %d: use %d to %d, and at least twice m, which is %d",
			s.EfConstruction, leastEfConstruction, mostEfConstruction, s.M)
	case s.Workers != nil && *s.Workers < 0:
		return s, face.Errorf(face.Invalid, "%d parallel workers: use 0 or more", *s.Workers)
	default:
		return s, nil
	}
}

// workers says how many processes help with a build by the given pgvector, where
// the server allows so many by default, and what there is to say about it.
func (s IndexSettings) workers(pgvector string, server int) (n int, note string) {
	faulty := older(pgvector, soundParallel)
	why := fmt.Sprintf("parallel builds of pgvector %s can overflow a buffer (CVE-2026-3172, mended in %s)", pgvector, soundParallel)
	switch {
	case s.Workers != nil && *s.Workers > 0 && faulty:
		return *s.Workers, why + ", and one was asked for"
	case s.Workers != nil:
		return *s.Workers, ""
	case faulty:
		return 0, why + ": the build has no parallel workers"
	default:
		return server, ""
	}
}

// definition is the statement that builds the index, apart from CREATE INDEX and
// its options.
func (s IndexSettings) definition(space int32, dim int) string {
	return fmt.Sprintf(`%s ON visage.%s USING hnsw ((%s) %s) WITH (m = %d, ef_construction = %d)`,
		indexName(space, s.Metric), partition(space), indexed(space, dim, "embedding"), shapeOf(s.Metric, dim).class, s.M, s.EfConstruction)
}
