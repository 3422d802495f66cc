package postgres

import (
	"context"
	"fmt"
	"math"

	"github.com/visagedb/visage/internal/face"
)

// Sizes of pgvector's HNSW on disk (src/hnsw.h): a page is 8,192 bytes, of which
// nodes have 8,160; a node is an element and the list of its neighbours, each with
// an item id of 4 bytes. The formula agrees with published index sizes within 3 %, and
// with those built here within 5 %; it leaves out the upper layers' neighbours.
const (
	pageBytes       = 8_192
	usableBytes     = 8_160
	elementHeader   = 72
	valueHeader     = 8 // of halfvec and of bit
	neighbourHeader = 4
	neighbourBytes  = 6
	itemIDs         = 8
)

// Sizes of a node while the graph is built in memory (src/hnsw.h): the element, and
// for each neighbour a pointer, its distance and a mark. About one node in m - 1
// has a list of m further ones, and PostgreSQL adds some bytes to each of four pieces
// of memory.
const (
	elementInMemory   = 128
	neighbourInMemory = 16
	pieceInMemory     = 16
)

// align rounds up to PostgreSQL's MAXALIGN.
func align(bytes int64) int64 { return (bytes + 7) / 8 * 8 }

// valueBytes is what an index holds of a template.
func valueBytes(dim int) int64 {
	if wide(dim) {
		return valueHeader + (int64(dim)+7)/8
	}
	return valueHeader + 2*int64(dim)
}

// nodeBytes is what the element and the neighbours of a node take on disk.
func nodeBytes(dim, m int) (element, neighbours int64) {
	return align(elementHeader + valueBytes(dim)), align(neighbourHeader + neighbourBytes*2*int64(m))
}

// perPage is how many nodes a page holds: 0 where element and neighbours need a
// page each.
func perPage(dim, m int) int64 {
	element, neighbours := nodeBytes(dim, m)
	return usableBytes / (element + neighbours + itemIDs)
}

// indexBytes is the size of an index on disk, which is what it takes in memory to
// be searched without reading.
func indexBytes(rows int64, dim, m int) int64 {
	n := perPage(dim, m)
	if n == 0 {
		return 2 * rows * pageBytes
	}
	return (rows + n - 1) / n * pageBytes
}

// graphBytes is what the graph takes in memory while it is built.
func graphBytes(rows int64, dim, m int) int64 {
	lists := align(8+neighbourInMemory*2*int64(m)) + (8+neighbourInMemory*int64(m))/int64(m-1)
	return rows * (elementInMemory + align(valueBytes(dim)) + lists + 8 + 4*pieceInMemory)
}

// Building speed, for estimates only: templates per second by one process, of
// buildDim dimensions, at pgvector's own m and ef_construction, the graph in memory.
// On one core of a shared x86-64 machine 20,000 templates of 512 dimensions took 650 a
// second, of 128 dimensions 2,500, of 4,096 bits that were computed before 1,850; less is
// assumed, because larger graphs do not fit in the processor's cache, and to make such
// bits takes about as long again. Time grows with the root of ef_construction, as
// 100,000 templates showed with 64 and 200 (docs/trials.md), and with the bytes of a
// value beyond a part that every node costs.
const (
	buildRate     = 500.0
	buildDim      = 512
	buildConstant = 64
)

// templatesPerSecond is the speed of a build by so many processes.
func templatesPerSecond(dim, efConstruction, processes int) float64 {
	return buildRate * float64(processes) * math.Sqrt(pgvectorEfConstruction/float64(efConstruction)) *
		(buildDim + buildConstant) / (float64(valueBytes(dim)-valueHeader)/2 + buildConstant)
}

// IndexPlan is what an index will take.
type IndexPlan struct {
	Space          string      `json:"space"`
	Metric         face.Metric `json:"metric"` // the index's family
	Dim            int         `json:"dim"`
	Rows           int64       `json:"rows"`
	Type           string      `json:"type"` // of what is indexed: "halfvec" or "bit"
	M              int         `json:"m"`
	EfConstruction int         `json:"ef_construction"`
	Element        int64       `json:"element_bytes"`
	Neighbours     int64       `json:"neighbours_bytes"`
	PerPage        int64       `json:"per_page"`    // nodes in 8 KiB; 0 where one needs two pages
	Bytes          int64       `json:"index_bytes"` // on disk, and in memory for fast searches
	// Graph is what the build needs as maintenance_work_mem; Memory is what it has.
	Graph   int64 `json:"build_bytes"`
	Memory  int64 `json:"maintenance_work_mem_bytes"`
	Fits    bool  `json:"fits"`
	Workers int   `json:"workers"` // processes beside the first
	// Rate is in templates per second, Seconds the time that follows from it.
	Rate     float64  `json:"rate_assumed"`
	Seconds  float64  `json:"seconds_estimated"`
	Pgvector string   `json:"pgvector"`
	Warnings []string `json:"warnings,omitempty"`
}

// PlanIndex says what an index over so many templates of a space will take, under
// the server's settings; 0 rows are those that the space has. It returns NotFound
// for an unknown space, and Invalid for settings that cannot be and where no index
// serves the metric.
func (d *DB) PlanIndex(ctx context.Context, space face.Space, rows int64, settings IndexSettings) (IndexPlan, error) {
	settings, err := settings.checked(space)
	if err != nil {
		return IndexPlan{}, err
	}
	id, err := d.knownSpace(ctx, space)
	if err != nil {
		return IndexPlan{}, err
	}
	const query = `
		SELECT coalesce(pg_size_bytes(nullif($2, '')), (SELECT setting::bigint * 1024 FROM pg_settings WHERE name = 'maintenance_work_mem')),
		       current_setting('max_parallel_maintenance_workers')::int, (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
		       CASE WHEN $3::bigint > 0 THEN $3 ELSE (SELECT count(*) FROM visage.embeddings WHERE space_id = $1) END`
	p := IndexPlan{Space: space.Name(), Metric: settings.Metric, Dim: space.Dim, Type: typeOf(space.Dim), M: settings.M, EfConstruction: settings.EfConstruction}
	if err := d.pool.QueryRow(ctx, query, id, settings.Memory, rows).Scan(&p.Memory, &p.Workers, &p.Pgvector, &p.Rows); err != nil {
		return IndexPlan{}, interpret("postgres.PlanIndex", err)
	}
	var note string
	if p.Workers, note = settings.workers(p.Pgvector, p.Workers); note != "" {
		p.Warnings = append(p.Warnings, note)
	}
	p.estimate()
	return p, nil
}

// typeOf is that of what an index holds.
func typeOf(dim int) string {
	if wide(dim) {
		return "bit"
	}
	return "halfvec"
}

// estimate computes sizes and times.
func (p *IndexPlan) estimate() {
	p.Element, p.Neighbours = nodeBytes(p.Dim, p.M)
	p.PerPage, p.Bytes, p.Graph = perPage(p.Dim, p.M), indexBytes(p.Rows, p.Dim, p.M), graphBytes(p.Rows, p.Dim, p.M)
	p.Fits = p.Graph <= p.Memory
	p.Rate = templatesPerSecond(p.Dim, p.EfConstruction, 1+p.Workers)
	p.Seconds = float64(p.Rows) / p.Rate
	if !p.Fits {
		p.Warnings = append(p.Warnings, fmt.Sprintf(
			"the graph needs %d MB while it is built, but maintenance_work_mem is %d MB: after about %d templates the build goes on many times slower than estimated. Give it more by --memory",
			(p.Graph+1e6-1)/1e6, p.Memory/1e6, p.Rows*p.Memory/p.Graph))
	}
}
