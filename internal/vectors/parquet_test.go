package vectors_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/vectors"
)

func parquetFile[T any](t *testing.T, rows ...T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.parquet")
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestParquetShapes reads what other programs write: doubles, a bare repeated
// column, optional columns and components.
func TestParquetShapes(t *testing.T) {
	t.Parallel()
	type bare struct {
		Embedding []float32 `parquet:"embedding"`
	}
	type doubles struct {
		Extra     int64     `parquet:"extra"`
		Embedding []float64 `parquet:"embedding,list"`
		Identity  *string   `parquet:"identity,optional,dict"`
	}
	name := "a"
	plain := parquetFile(t, bare{[]float32{0.6, 0.8}})
	rich := parquetFile(t, doubles{1, []float64{0.6, 0.8}, &name}, doubles{2, []float64{1, 0}, nil})
	for path, want := range map[string][]face.Record{
		plain: {{Image: nameless(plain, 1), Vector: []float32{0.6, 0.8}}},
		rich: {
			{Identity: "a", Image: nameless(rich, 1), Vector: []float32{0.6, 0.8}},
			{Image: nameless(rich, 2), Vector: []float32{1, 0}},
		},
	} {
		got, err := readAll(path, vectors.Config{Space: space(2, true)})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v (%v), want %v", got, err, want)
		}
	}
}

func TestParquetRefusals(t *testing.T) {
	t.Parallel()
	type holes struct {
		Embedding []*float32 `parquet:"embedding,list,optional"`
	}
	type numbers struct {
		Identity  int64     `parquet:"identity"`
		Embedding []float32 `parquet:"embedding,list"`
	}
	type none struct {
		Embedding string `parquet:"embedding"`
	}
	one := float32(1)
	for path, says := range map[string]string{
		parquetFile(t, holes{[]*float32{&one, nil}}):      "row 1: ",
		parquetFile(t, holes{}):                           "null",
		parquetFile(t, numbers{1, []float32{1, 0}}):       "must be text",
		parquetFile(t, none{"[1,0]"}):                     "has no column embedding",
		write(t, "x.parquet", "PAR1 and nothing of PAR1"): "no Parquet file",
		write(t, "x.parquet", ""):                         "no Parquet file",
	} {
		_, err := readAll(path, vectors.Config{Space: space(2, true)})
		wantError(t, says, err, face.Invalid, says)
	}
}

// TestDamagedParquet changes every byte of a file in turn: there is an error or
// there are rows, but the program lives.
func TestDamagedParquet(t *testing.T) {
	t.Parallel()
	type row struct {
		Identity  string    `parquet:"identity"`
		Embedding []float32 `parquet:"embedding,list"`
	}
	whole, err := os.ReadFile(parquetFile(t, row{"a", []float32{1, 0}}, row{"b", []float32{0, 1}}))
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i := range whole {
		damaged := []byte(string(whole))
		damaged[i] ^= 0x55
		if _, err := readAll(write(t, "x.parquet", string(damaged)), vectors.Config{Space: space(2, true)}); err != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
}
