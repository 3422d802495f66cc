package vectors

import (
	"github.com/parquet-go/parquet-go"

	"github.com/visagedb/visage/internal/face"
)

// parquetGroupBytes is about how much of the templates is held in memory before
// it is written as a group of rows.
const parquetGroupBytes = 32 << 20

// parquetRow is a row as the library writes it; embedding is a list as Arrow
// writes one.
type parquetRow struct {
	Identity  string    `parquet:"identity"`
	Image     string    `parquet:"image"`
	Embedding []float32 `parquet:"embedding,list"`
}

type parquetSink struct {
	rows    *parquet.GenericWriter[parquetRow]
	pending int // bytes of the group's templates
}

func beginParquet(file *output) (sink, error) {
	return &parquetSink{rows: parquet.NewGenericWriter[parquetRow](file, parquet.Compression(&parquet.Snappy))}, nil
}

func (s *parquetSink) write(r face.Record) error {
	if _, err := s.rows.Write([]parquetRow{{r.Identity, r.Image, r.Vector}}); err != nil {
		return err
	}
	if s.pending += 4 * len(r.Vector); s.pending < parquetGroupBytes {
		return nil
	}
	s.pending = 0
	return s.rows.Flush()
}

func (s *parquetSink) finish() error { return s.rows.Close() }
