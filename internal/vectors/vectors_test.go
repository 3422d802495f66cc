package vectors_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/vectors"
)

var endings = []string{".npy", ".csv", ".jsonl", ".parquet"}

func space(dim int, unit bool) face.Space {
	return face.Space{Recognizer: "Test", Weights: strings.Repeat("0", 64), Profile: face.Native, Dim: dim, Unit: unit}
}

// write puts a file of the given content into a folder of the test's own.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// nameless is the name of an image that a file in a test's folder gives none.
func nameless(path string, row int) string { return fmt.Sprintf("vectors:%s#%d", path, row) }

// readAll reads a file up to its end or its first error.
func readAll(path string, cfg vectors.Config) (records []face.Record, err error) {
	r, err := vectors.Open(path, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close(), r.Close()) }()
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return records, err
		}
		records = append(records, record)
	}
}

func wantError(t *testing.T, what string, err error, code face.Code, words ...string) {
	t.Helper()
	if got := face.CodeOf(err); got != code {
		t.Errorf("%s: code %q (%v), want %q", what, got, err, code)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: error %q does not say %q", what, err, word)
		}
	}
}

// samples are records whose numbers and names are hard to write.
func samples() []face.Record {
	var records []face.Record
	for i := range 3000 {
		records = append(records, face.Record{
			Identity: fmt.Sprintf("person %d, \"Zoë\" 顔", i%7), Image: fmt.Sprintf("/p/%d, a\n<b>.jpg", i),
			Vector: []float32{float32(i) + 0.1, -1e-20, math.MaxFloat32 / 1e35, 1.0 / 3},
		})
	}
	records[5].Identity = ""
	return records
}

// Rows without image names go by the file's path: not by its name, which another
// file may have, nor by a link to it.
func TestNamelessRowsOfFilesOfOneName(t *testing.T) {
	t.Parallel()
	one, two := write(t, "x.jsonl", `{"embedding":[1,0]}`), write(t, "x.jsonl", `{"embedding":[0,1]}`)
	link := filepath.Join(t.TempDir(), "y.jsonl")
	if err := os.Symlink(one, link); err != nil {
		t.Fatal(err)
	}
	for path, known := range map[string]string{one: one, two: two, link: one} {
		got, err := readAll(path, vectors.Config{Space: space(2, true)})
		if err != nil || len(got) != 1 || got[0].Image != nameless(known, 1) {
			t.Errorf("%s: %v (%v), want it to be known as %s", path, got, err, nameless(known, 1))
		}
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, ending := range endings {
		path := filepath.Join(t.TempDir(), "faces"+ending)
		w, err := vectors.Create(path, 4)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range samples() {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: has its name before it is complete (%v)", ending, err)
		}
		if err := errors.Join(w.Finish(), w.Close()); err != nil {
			t.Fatal(err)
		}
		want, cfg := samples(), vectors.Config{Space: space(4, false)}
		if ending == ".npy" {
			cfg.IDs = vectors.IDsPath(path)
			for i := range want {
				want[i].Image = nameless(path, i+1)
			}
		}
		got, err := readAll(path, cfg)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d records (%v) are not those that were written", ending, len(got), err)
		}
	}
}

func TestWriterLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, ending := range endings {
		dir := t.TempDir()
		w, err := vectors.Create(filepath.Join(dir, "faces"+ending), 4)
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, ending, w.Write(face.Record{Vector: []float32{1}}), face.Mismatch, "1 components in a file of 4")
		if err := errors.Join(w.Close(), w.Close()); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s: leaves %v (%v)", ending, left, err)
		}
	}
	_, err := vectors.Create(filepath.Join(t.TempDir(), "faces.txt"), 4)
	wantError(t, "txt", err, face.Invalid, ".parquet")
	_, err = vectors.Create(filepath.Join(t.TempDir(), "none", "faces.csv"), 4)
	wantError(t, "no folder", err, face.Unavailable)
}

func TestBadRows(t *testing.T) {
	t.Parallel()
	const head = "identity,image,embedding\na,1.jpg,\"[0.6, 0.8]\"\n"
	for name, c := range map[string]struct {
		row  string
		code face.Code
		says string
	}{
		"NaN":          {`a,2.jpg,"[0.6,NaN]"`, face.Invalid, "component 1 of the embedding is NaN"},
		"infinity":     {`a,2.jpg,"[-Inf,0.8]"`, face.Invalid, "component 0 of the embedding is infinite"},
		"too large":    {`a,2.jpg,"[1e99,0.8]"`, face.Invalid, "infinite"},
		"zero":         {`a,2.jpg,"[0,0]"`, face.Invalid, "is zero"},
		"dimension":    {`a,2.jpg,"[1,0,0]"`, face.Mismatch, "has 3 components, but space Test-native-00000000 has 2"},
		"empty list":   {`a,2.jpg,[]`, face.Invalid, "no number"},
		"no list":      {`a,2.jpg,1`, face.Invalid, "brackets"},
		"no number":    {`a,2.jpg,"[1,x]"`, face.Invalid, `component 1 of the embedding is "x"`},
		"length":       {`a,2.jpg,"[3,4]"`, face.Invalid, "has length 5"},
		"UTF-8":        {"a\xff,2.jpg,\"[1,0]\"", face.Invalid, `identity "a\\xff" is not UTF-8`},
		"zero byte":    {"a,2\x00.jpg,\"[1,0]\"", face.Invalid, "zero byte"},
		"long name":    {strings.Repeat("a", 1025) + `,2.jpg,"[1,0]"`, face.Invalid, "1025 bytes"},
		"field count":  {`a,"[1,0]"`, face.Invalid, "not as long as the header"},
		"too many":     {`a,b,c,d,"[1,0]"`, face.Invalid, "not as long as the header"},
		"empty vector": {`a,2.jpg,`, face.Invalid, "brackets"},
	} {
		path := write(t, "faces.csv", head+c.row+"\n"+"b,3.jpg,\"[1,0]\"\n")
		got, err := readAll(path, vectors.Config{Space: space(2, true)})
		wantError(t, name, err, c.code, "faces.csv, row 2: ", c.says)
		if len(got) != 1 {
			t.Errorf("%s: %d rows before it, want 1", name, len(got))
		}
		skipped := 0
		got, err = readAll(path, vectors.Config{Space: space(2, true), Skip: func(error) { skipped++ }})
		if err != nil || skipped != 1 || len(got) != 2 || got[1].Identity != "b" {
			t.Errorf("%s: left out %d of %v (%v)", name, skipped, got, err)
		}
	}
}

// TestHalfPrecision is what the index cannot hold where the space takes any
// length.
func TestHalfPrecision(t *testing.T) {
	t.Parallel()
	for row, says := range map[string]string{
		"[65520,0]": "beyond half precision", "[2.98e-8,-1e-9]": "zero in half precision", "[65519,0]": "", "[0,2.99e-8]": "",
	} {
		_, err := readAll(write(t, "x.jsonl", `{"embedding":`+row+`}`), vectors.Config{Space: space(2, false)})
		if says == "" && err != nil {
			t.Errorf("%s: %v", row, err)
		}
		if says != "" {
			wantError(t, row, err, face.Invalid, says)
		}
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	got, err := readAll(write(t, "x.jsonl", `{"embedding":[3e-30,-4e-30]}`), vectors.Config{Space: space(2, true), Normalize: true})
	if err != nil || !reflect.DeepEqual(got[0].Vector, []float32{0.6, -0.8}) {
		t.Errorf("normalised to %v (%v)", got, err)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"columns in any order": {"\ufeffv1,other,v0,identity\n0.8,x,0.6,a\r\n", ""},
		"pgvector's text":      {"embedding,identity\n\"[0.6,0.8]\",a\n", ""},
		"empty":                {"", "is empty"},
		"no embedding":         {"identity,image\na,b\n", "must name either"},
		"both":                 {"embedding,v0\n1,2\n", "must name either"},
		"quotation mark":       {"embedding\n\"[1,0]\nx", "row 1"},
		"endless row":          {"embedding\n\"" + strings.Repeat("[1,0]\n", 1<<20), "a row of more than"},
	} {
		path := write(t, "x.csv", c.text)
		got, err := readAll(path, vectors.Config{Space: space(2, true)})
		if c.says != "" {
			wantError(t, name, err, face.Invalid, c.says)
			continue
		}
		want := []face.Record{{Identity: "a", Image: nameless(path, 1), Vector: []float32{0.6, 0.8}}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v (%v), want %v", name, got, err, want)
		}
	}
}

func TestJSONL(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		`{"identity":"a","embedding":[0.6,0.8],"metadata":{"camera":3}}`: "",
		`{"identity":null,"embedding":[0.6,0.8]}`:                        "",
		`{"embedding":[0.6,null]}`:                                       `"null", which is no number`,
		`{"embedding":null}`:                                             "brackets",
		`{"embedding":[0.6,NaN]}`:                                        "no JSON object",
		`{"identity":7,"embedding":[0.6,0.8]}`:                           "no JSON object",
		`{"identity":"a"}`:                                               "no embedding",
		`[0.6,0.8]`:                                                      "no JSON object",
		`{"identity":"` + "\xff" + `","embedding":[0.6,0.8]}`:            "not UTF-8",
		`{"identity":"\u0000","embedding":[0.6,0.8]}`:                    "zero byte",
		``: "no JSON object",
	} {
		path := write(t, "x.jsonl", line+"\n"+`{"embedding":[1,0]}`)
		got, err := readAll(path, vectors.Config{Space: space(2, true)})
		if says == "" {
			if err != nil || len(got) != 2 || got[0].Image != nameless(path, 1) {
				t.Errorf("%s: %v (%v)", line, got, err)
			}
			continue
		}
		wantError(t, line, err, face.Invalid, "x.jsonl, row 1: ", says)
	}
}

// npy is a file of the given header and float32 components.
func npy(version byte, header string, data ...float32) string {
	text := []byte("\x93NUMPY" + string([]byte{version, 0}))
	if version == 1 {
		text = binary.LittleEndian.AppendUint16(text, uint16(len(header)))
	} else {
		text = binary.LittleEndian.AppendUint32(text, uint32(len(header)))
	}
	text = append(text, header...)
	for _, c := range data {
		text = binary.LittleEndian.AppendUint32(text, math.Float32bits(c))
	}
	return string(text)
}

func TestNPY(t *testing.T) {
	t.Parallel()
	const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"
	double := npy(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }")
	double += string(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.6)), math.Float64bits(0.8)))
	for name, c := range map[string]struct {
		text, says string
		code       face.Code
		rows       int
	}{
		"version 1":      {npy(1, good, 0.6, 0.8, 1, 0), "", "", 2},
		"version 2":      {npy(2, good+"   \n", 0.6, 0.8, 1, 0), "", "", 2},
		"version 3":      {npy(3, "{'shape':(2,2),'fortran_order':False,'descr':'<f4'}", 0.6, 0.8, 1, 0), "", "", 2},
		"double":         {double, "", "", 1},
		"no rows":        {npy(1, strings.Replace(good, "(2, 2)", "(0, 2)", 1)), "", "", 0},
		"version 9":      {npy(9, good), "version 9", face.Invalid, 0},
		"cut short":      {npy(1, good, 0.6, 0.8, 1), "cut short", face.Invalid, 0},
		"too long":       {npy(1, good, 0.6, 0.8, 1, 0, 0), "has 20 bytes", face.Invalid, 0},
		"other order":    {npy(1, strings.Replace(good, "False", "True", 1)), "Fortran", face.Invalid, 0},
		"half":           {npy(1, strings.Replace(good, "<f4", "<f2", 1)), "float32", face.Invalid, 0},
		"big endian":     {npy(1, strings.Replace(good, "<f4", ">f4", 1)), "float32", face.Invalid, 0},
		"one dimension":  {npy(1, strings.Replace(good, "(2, 2)", "(4,)", 1)), "two dimensions", face.Invalid, 0},
		"negative":       {npy(1, strings.Replace(good, "(2, 2)", "(-2, 2)", 1)), "shape", face.Invalid, 0},
		"no shape":       {npy(1, "{'descr': '<f4', 'fortran_order': False}"), "header", face.Invalid, 0},
		"wide":           {npy(1, strings.Replace(good, "(2, 2)", "(2, 3)", 1)), "3 components", face.Mismatch, 0},
		"endless header": {npy(2, strings.Repeat(" ", 70000)), "70000 bytes", face.Invalid, 0},
		"header cut":     {npy(1, good)[:40], "cut short", face.Invalid, 0},
		"empty":          {"", "no .npy file", face.Invalid, 0},
		"zero columns":   {npy(1, strings.Replace(good, "(2, 2)", "(2, 0)", 1)), "0 components", face.Mismatch, 0},
		"pickle":         {npy(1, strings.Replace(good, "'<f4'", "[('a', '<f4')]", 1)), "header", face.Invalid, 0},
	} {
		got, err := readAll(write(t, "x.npy", c.text), vectors.Config{Space: space(2, true)})
		if c.says != "" {
			wantError(t, name, err, c.code, c.says)
			continue
		}
		if err != nil || len(got) != c.rows || c.rows > 0 && !reflect.DeepEqual(got[0].Vector, []float32{0.6, 0.8}) {
			t.Errorf("%s: %v (%v)", name, got, err)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	path := write(t, "x.npy", npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1), }", 1, -1, 1))
	read := func(ids string) ([]face.Record, error) {
		return readAll(path, vectors.Config{Space: space(1, true), IDs: write(t, "ids.txt", ids)})
	}
	got, err := read("a\r\n\nc")
	if err != nil || len(got) != 3 || got[0].Identity != "a" || got[1].Identity != "" || got[2].Identity != "c" {
		t.Errorf("identities of %v (%v)", got, err)
	}
	for _, ids := range []string{"", "a\nb\n", "a\nb\nc\nd\n"} {
		_, err := read(ids)
		wantError(t, ids, err, face.Mismatch, "has 3 rows")
	}
	_, err = readAll(write(t, "x.csv", "embedding\n"), vectors.Config{Space: space(1, true), IDs: "ids.txt"})
	wantError(t, "csv", err, face.Invalid, ".npy")
	_, err = readAll(path, vectors.Config{Space: space(1, true), IDs: path + ".none"})
	wantError(t, "no list", err, face.NotFound)
}

func TestOpenRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := vectors.Open(filepath.Join(dir, "none.csv"), vectors.Config{})
	wantError(t, "none", err, face.NotFound)
	if err := os.Mkdir(filepath.Join(dir, "dir.npy"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = vectors.Open(filepath.Join(dir, "dir.npy"), vectors.Config{})
	wantError(t, "a folder", err, face.Unreadable)
	_, err = vectors.Open(filepath.Join(dir, "x.txt"), vectors.Config{})
	wantError(t, "ending", err, face.Invalid, ".jsonl")
}
