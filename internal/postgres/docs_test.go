package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// documented is one example of docs/sql.md.
type documented struct {
	heading, language, text string
}

// examples reads the examples of docs/sql.md in their order; each has a heading of
// its own.
func examples(t *testing.T) (found []documented) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "sql.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?ms)^#+ ([^\n]+)$|^```([a-z]*)\n(.*?)^```$")
	heading := ""
	for _, m := range block.FindAllStringSubmatch(string(text), -1) {
		switch {
		case m[1] != "":
			heading = m[1]
		case heading == "":
			t.Errorf("an example has no heading of its own: %s", m[3])
		default:
			found, heading = append(found, documented{heading, m[2], m[3]}), ""
		}
	}
	return found
}

// The names that the examples use.
const (
	documentedProbe = `'[0.013, ...]'`
	documentedFace  = `0198f0c2-6a51-7cc4-9d3b-2f8e5a7b1c90`
	documentedURL   = `"$(visage db url)"`
)

// documentedRows are what the examples give of documentedGallery, columns separated
// by |, numbers with a fraction to three digits. Examples that are not here need only
// work.
var documentedRows = map[string][]string{
	"Faces like a probe": {
		"Ann|/p/ann/1.jpg|0.000", "Ann|/p/ann/2.jpg|0.004", "Ann Lee|/p/lee/1.jpg|0.007", "Ann|/p/ann/3.jpg|0.015",
		"|/p/group.jpg|0.500", "Bob|/p/bob/1.jpg|1.000", "Dave|/p/dave/1.jpg|1.000", "Bob|/p/bob/2.jpg|1.087", "|/p/group.jpg|1.500",
		"Bob|/p/bob/3.jpg|2.000",
	},
	"Faces like a stored one": {
		"Ann|/p/ann/2.jpg|0.004", "Ann Lee|/p/lee/1.jpg|0.007", "Ann|/p/ann/3.jpg|0.015", "|/p/group.jpg|0.500",
		"Bob|/p/bob/1.jpg|1.000", "Dave|/p/dave/1.jpg|1.000", "Bob|/p/bob/2.jpg|1.087", "|/p/group.jpg|1.500", "Bob|/p/bob/3.jpg|2.000",
	},
	"By another metric":               {"Ann|/p/ann/1.jpg|0.000", "Ann|/p/ann/2.jpg|0.028", "Ann Lee|/p/lee/1.jpg|0.039"},
	"Only some people or photographs": {"Ann|/p/ann/2.jpg|0.004", "Bob|/p/bob/1.jpg|1.000"},
	"The nearest people":              {"Ann|0.000|3", "Ann Lee|0.007|1", "Bob|1.000|3"},
	"What that finds":                 {"MobileFaceNet-native-b7120c09|cosine|200|0.950|0.990|0.980"},
	"Faces of different people that are too near": {
		"Ann|/p/ann/2.jpg|Ann Lee|/p/lee/1.jpg|0.001", "Ann|/p/ann/3.jpg|Ann Lee|/p/lee/1.jpg|0.001", "Ann|/p/ann/1.jpg|Ann Lee|/p/lee/1.jpg|0.007",
	},
	"The same, exactly": {
		"Ann|/p/ann/2.jpg|Ann Lee|/p/lee/1.jpg|0.001", "Ann|/p/ann/3.jpg|Ann Lee|/p/lee/1.jpg|0.001", "Ann|/p/ann/1.jpg|Ann Lee|/p/lee/1.jpg|0.007",
	},
	"One person under several names":              {"Ann|3|Ann Lee|1|0.001"},
	"Faces that are not like the person's others": {"Bob|/p/bob/3.jpg|0.522"},
	"Women above 60":                              {"Ann|/p/ann/3.jpg|62"},
	"How old each person looks":                   {"Ann|61.000|2", "Bob|70.000|1"},
	"People that models disagree about":           {"Ann|1|2"},
	"Faces that nobody asked about":               {"7"},
	"People by number of photographs":             {"Ann|3", "Bob|3", "Ann Lee|1", "Dave|1", "|1"},
	"People with too few or too many templates":   {"Ann Lee|1", "Dave|1"},
	"What each model has seen":                    {"MobileFaceNet-native-b7120c09|4|9|10", "SFace-native-c0ffee00|1|1|1"},
	"Photographs by number of faces":              {"0|2", "1|8", "2|1"},
	"Photographs of several faces":                {"/p/group.jpg|2"},
	"Why photographs gave no template":            {"default|MobileFaceNet-native-b7120c09|no_face|2"},
	"Which photographs those are":                 {"default|/p/empty-room-again.jpg|no_face", "default|/p/empty-room.jpg|no_face"},
	"What there is of one":                        {"3|3|4"},
}

// documentedGallery fills the gallery default: templates at angles in a plane, so
// that distances are known, and Dave's at a right angle to it.
func documentedGallery(b *bench) {
	mobile := face.Space{Recognizer: "MobileFaceNet", Weights: "b7120c09" + strings.Repeat("0", 56), Profile: face.Native, Dim: 4, Unit: true}
	other := face.Space{Recognizer: "SFace", Weights: "c0ffee00" + strings.Repeat("0", 56), Profile: face.Native, Dim: 4, Unit: true}
	seed := uint64(0)
	enrol := func(path, identity, metadata string, in face.Space, vectors ...[]float32) {
		seed++
		e := photo(path, identity, in, seed)
		e.Image.Metadata = metadata
		first := e.Templates[0]
		e.Templates = nil
		for i, v := range vectors {
			one := first
			one.Vector = v
			one.Detection.Box.X1 -= float32(i)
			e.Templates = append(e.Templates, one)
		}
		b.ok(b.db.Enrol(b.Context(), face.DefaultGallery, []face.Enrolment{e}))
	}
	enrol("/p/ann/1.jpg", "Ann", "", mobile, at(0))
	enrol("/p/ann/2.jpg", "Ann", `{"source": "badge"}`, mobile, at(5))
	enrol("/p/ann/3.jpg", "Ann", "", mobile, at(10))
	enrol("/p/lee/1.jpg", "Ann Lee", `{"source": "badge"}`, mobile, at(7))
	for path, said := range map[string]string{
		"/p/ann/2.jpg": `{"age": {"years": 60.0, "model": "M"}, "gender": {"dominant": "Man", "percent": {"Man": 51, "Woman": 49}, "model": "M"}}`,
		"/p/ann/3.jpg": `{"age": {"years": 62.0, "model": "M"}, "gender": {"dominant": "Woman", "percent": {"Man": 2, "Woman": 98}, "model": "M"}}`,
		"/p/bob/1.jpg": `{"age": {"years": 70.0, "model": "M"}, "emotion": {"dominant": "happy", "percent": {"happy": 90, "sad": 10}, "model": "M"}}`,
	} {
		defer b.exec(`UPDATE visage.faces f SET attributes = $2 FROM visage.images i WHERE i.id = f.image_id AND i.path = $1`, path, said)
	}
	enrol("/p/bob/1.jpg", "Bob", `{"source": "badge", "floor": 2}`, mobile, at(90))
	enrol("/p/bob/2.jpg", "Bob", "", mobile, at(95))
	enrol("/p/bob/3.jpg", "Bob", `{"source": "web"}`, mobile, at(180))
	enrol("/p/dave/1.jpg", "Dave", "", mobile, []float32{0, 0, 1, 0})
	enrol("/p/group.jpg", "", "", mobile, at(300), at(240))
	for _, path := range []string{"/p/empty-room.jpg", "/p/empty-room-again.jpg"} {
		b.ok(b.db.Enrol(b.Context(), face.DefaultGallery, []face.Enrolment{rejected(path, mobile, 99, "yunet")}))
	}
	seed = 0 // the content of Ann's first
	enrol("/p/ann/1.jpg", "Ann", "", other, at(0))
	mates := 0.99
	b.ok(b.db.StoreRecall(b.Context(), mobile, face.RecallCurve{Metric: face.Cosine, K: 10, Probes: 200, Rows: 10,
		Points: []face.RecallPoint{{EfSearch: 200, Recall: 0.95, MateRecall: &mates, Promise: 0.98}}}))
}

// at is a template at an angle, in degrees.
func at(angle float64) []float32 {
	sin, cos := math.Sincos(angle * math.Pi / 180)
	return []float32{float32(cos), float32(sin), 0, 0}
}

// TestDocumentedQueries runs every example of docs/sql.md.
func TestDocumentedQueries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	documentedGallery(b)
	conn, err := pgx.Connect(t.Context(), b.url)
	b.ok(err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	stored := one[string](b, `SELECT face_id::text FROM visage.gallery_faces WHERE image = '/p/ann/1.jpg' AND space LIKE 'Mobile%'`)
	real := strings.NewReplacer(documentedProbe, `'[1, 0, 0, 0]'`, documentedFace, stored, documentedURL, `"$URL"`)
	seen := map[string]bool{}
	for _, e := range examples(t) {
		if strings.Contains(e.text, "visage.nearest(") {
			usesIndex(t, b, e.heading, real.Replace(e.text))
		}
		if seen[e.heading] {
			t.Errorf("two examples have the heading %q", e.heading)
		}
		seen[e.heading] = true
		t.Run(e.heading, func(t *testing.T) {
			var rows []string
			switch text := real.Replace(e.text); e.language {
			case "sql":
				rows = runSQL(t, conn, text)
			case "console":
				runConsole(t, b.url, text)
			default:
				t.Fatalf("an example in %q, which nobody runs", e.language)
			}
			if want, known := documentedRows[e.heading]; known && !slices.Equal(rows, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
			}
		})
	}
	for heading := range documentedRows {
		if !seen[heading] {
			t.Errorf("docs/sql.md has no example under %q", heading)
		}
	}
	left := one[int](b, `SELECT (SELECT count(*) FROM visage.gallery_faces WHERE identity = 'Ann') + (SELECT count(*) FROM visage.images WHERE path LIKE '/p/ann/%')`)
	if left != 0 {
		t.Errorf("the deletion of Ann leaves %d rows", left)
	}
}

// usesIndex checks that a query can be answered through the index, which the planner
// does not want for so few rows.
func usesIndex(t *testing.T, b *bench, heading, query string) {
	t.Helper()
	tx := b.begin()
	for _, off := range []string{"enable_seqscan", "enable_bitmapscan", "enable_sort"} {
		if _, err := tx.Exec(t.Context(), `SET LOCAL `+off+` = off`); err != nil {
			t.Fatal(err)
		}
	}
	rows, _ := tx.Query(t.Context(), `EXPLAIN `+query)
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	b.ok(tx.Rollback(t.Context()))
	if err != nil || !strings.Contains(strings.Join(plan, "\n"), "Index Scan using embeddings_1_hnsw") {
		t.Errorf("%s: %v, planned as\n%s", heading, err, strings.Join(plan, "\n"))
	}
}

// runSQL runs statements as psql does, and returns the rows of the last.
func runSQL(t *testing.T, conn *pgx.Conn, text string) (rows []string) {
	t.Helper()
	if strings.HasPrefix(text, "COPY") {
		var out bytes.Buffer
		if _, err := conn.PgConn().CopyTo(t.Context(), &out, text); err != nil || strings.Count(out.String(), "\n") != 11 {
			t.Errorf("%v, copied %s", err, &out)
		}
		return nil
	}
	results, err := conn.PgConn().Exec(t.Context(), text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	last := results[len(results)-1]
	for _, row := range last.Rows {
		columns := make([]string, len(row))
		for i, value := range row {
			columns[i] = string(value)
			if n, err := strconv.ParseFloat(columns[i], 64); err == nil && last.FieldDescriptions[i].DataTypeOID == pgtype.Float8OID {
				columns[i] = fmt.Sprintf("%.3f", math.Abs(n)) // a distance of 0 may come out as -0.0000
			}
		}
		rows = append(rows, strings.Join(columns, "|"))
	}
	return rows
}

// runConsole runs command lines in a folder of their own, in which they must leave a
// file with a line for each template.
func runConsole(t *testing.T, url, text string) {
	t.Helper()
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not installed")
	}
	dir := t.TempDir()
	cmd := exec.Command("bash", "-c", strings.ReplaceAll(strings.TrimPrefix(text, "$ "), "\n$ ", "\n"))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "URL="+url)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "faces.*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %q, %v", files, err)
	}
	content, err := os.ReadFile(files[0])
	if lines := bytes.Count(content, []byte("\n")); err != nil || lines < 11 || lines > 12 {
		t.Errorf("%d lines, %v: %s", lines, err, content)
	}
}
