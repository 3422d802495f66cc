package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// TestEmbeddingConstraints shows, as TestTableConstraints does, that the
// database itself refuses what must not be, whoever writes it.
func TestEmbeddingConstraints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	unit, free := space("Unit", 4, true), space("Free", 4, false)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/a", "sample-01", unit, 1), photo("/b", "", free, 2)}))
	b.ok(b.db.Enrol(t.Context(), "h", []face.Enrolment{photo("/a", "sample-02", unit, 3)}))
	b.exec(`DELETE FROM visage.embeddings`)

	const embed = `
		INSERT INTO visage.embeddings SELECT s.id, f.id, f.gallery_id, $2::text::vector
		FROM visage.spaces s, visage.faces f JOIN visage.galleries g ON g.id = f.gallery_id
		WHERE s.recognizer = $1 AND g.name = 'g' LIMIT 1`
	for _, c := range []struct{ space, vector, state, suffix string }{
		{"Unit", "[1,0,0]", "23514", "_dim_check"},
		{"Unit", "[1,0,0,0,0]", "23514", "_dim_check"},
		{"Unit", "[1,1,0,0]", "23514", "_length_check"},
		{"Unit", "[0.998,0,0,0]", "23514", "_length_check"},
		{"Unit", "[0,0,0,0]", "23514", "_length_check"},
		{"Unit", "[NaN,0,0,0]", "22000", ""},
		{"Unit", "[Infinity,0,0,0]", "22000", ""},
		{"Free", "[0,0,0,0]", "23514", "_length_check"},
		{"Free", "[1e-9,0,0,0]", "23514", "_length_check"},
		{"Free", "[1e6,0,0,0]", "22003", ""},
		{"Free", "[1,2]", "23514", "_dim_check"},
	} {
		constraint := ""
		if c.suffix != "" {
			constraint = fmt.Sprintf("embeddings_%d%s", one[int](b, `SELECT id FROM visage.spaces WHERE recognizer = $1`, c.space), c.suffix)
		}
		b.refused(c.state, constraint, embed, c.space, c.vector)
	}
	b.exec(embed, "Unit", "[0.9995,0,0,0]")
	b.refused("23505", "", embed, "Unit", "[1,0,0,0]")
	b.refused("23514", "", `INSERT INTO visage.embeddings SELECT 99, id, gallery_id, '[1]' FROM visage.faces`)
	b.refused("23503", "embeddings_face_fkey", `INSERT INTO visage.embeddings
		SELECT s.id, f.id, g.id, '[1,0,0,0]' FROM visage.spaces s, visage.faces f, visage.galleries g WHERE g.id <> f.gallery_id AND s.recognizer = 'Free'`)
}

func TestTableConstraints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 4, true)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/a", "sample-01", s, 1), photo("/b", "", s, 2)}))
	b.ok(b.db.Enrol(t.Context(), "h", []face.Enrolment{photo("/a", "sample-02", s, 3)}))
	for _, c := range []struct{ state, constraint, query string }{
		{"23505", "galleries_name_key", `INSERT INTO visage.galleries (name) VALUES ('g')`},
		{"23514", "galleries_name_check", `INSERT INTO visage.galleries (name) VALUES ('')`},
		{"23502", "", `INSERT INTO visage.galleries (name) VALUES (NULL)`},
		{"23505", "identities_gallery_id_name_key", `INSERT INTO visage.identities (gallery_id, name) SELECT gallery_id, name FROM visage.identities`},
		{"23514", "identities_name_check", `UPDATE visage.identities SET name = ''`},
		{"23505", "images_gallery_id_path_key", `INSERT INTO visage.images (gallery_id, path, path_bytes, sha256, size, mtime, width, height)
			SELECT gallery_id, path, path_bytes, sha256, size, mtime, width, height FROM visage.images`},
		{"23503", "images_identity_fkey", `UPDATE visage.images i SET identity_id = p.id FROM visage.identities p WHERE p.gallery_id <> i.gallery_id`},
		{"23503", "faces_identity_fkey", `UPDATE visage.faces f SET identity_id = p.id FROM visage.identities p WHERE p.gallery_id <> f.gallery_id`},
		{"23503", "faces_image_fkey", `UPDATE visage.faces f SET image_id = i.id, x1 = 1.5 FROM visage.images i WHERE i.gallery_id <> f.gallery_id`},
		{"23514", "images_sha256_check", `UPDATE visage.images SET sha256 = '\x00'`},
		{"23514", "images_size_check", `UPDATE visage.images SET size = -1`},
		{"23514", "images_width_check", `UPDATE visage.images SET width = -1`},
		{"23514", "images_path_bytes_check", `UPDATE visage.images SET path_bytes = ''`},
		{"23514", "faces_confidence_check", `UPDATE visage.faces SET confidence = 1.5`},
		{"23514", "faces_confidence_check", `UPDATE visage.faces SET confidence = 'NaN'`},
		{"23514", "faces_box_check", `UPDATE visage.faces SET x2 = x1`},
		{"23514", "faces_box_check", `UPDATE visage.faces SET y2 = 'NaN'`},
		{"23514", "faces_box_check", `UPDATE visage.faces SET x1 = '-Infinity'`},
		{"23514", "faces_landmarks_check", `UPDATE visage.faces SET landmarks = '{1,2,3}'`},
		{"23514", "image_spaces_faces_check", `UPDATE visage.image_spaces SET faces = 0`},
		{"23514", "image_spaces_faces_check", `UPDATE visage.image_spaces SET rejected = 'no_face'`},
		{"23514", "image_spaces_rejected_check", `UPDATE visage.image_spaces SET rejected = 'No face', faces = 0`},
		{"23514", "spaces_weights_check", `SELECT visage.add_space('n', 'r', 'abc', 'native', '', 4, true)`},
		{"23514", "spaces_dim_check", `SELECT visage.add_space('n', 'r', repeat('a', 64), 'native', '', 0, true)`},
		{"23514", "spaces_dim_check", `SELECT visage.add_space('n', 'r', repeat('a', 64), 'native', '', 16001, true)`},
		{"23514", "spaces_name_check", `SELECT visage.add_space('', 'r', repeat('a', 64), 'native', '', 4, true)`},
		{"23502", "", `SELECT visage.add_space('n', 'r', repeat('a', 64), 'native', '', 4, NULL)`},
	} {
		b.refused(c.state, c.constraint, c.query)
	}
}

func TestDeletesCascade(t *testing.T) {
	t.Parallel()
	const rest = `SELECT concat_ws(' ',
		(SELECT count(*) FROM visage.galleries), (SELECT count(*) FROM visage.identities), (SELECT count(*) FROM visage.images),
		(SELECT count(*) FROM visage.image_spaces), (SELECT count(*) FROM visage.faces), (SELECT count(*) FROM visage.embeddings))`
	for query, want := range map[string]string{
		`DELETE FROM visage.galleries WHERE name = 'g'`:      "1 1 1 1 1 1",
		`DELETE FROM visage.identities WHERE name LIKE '%1'`: "2 2 4 4 4 4",
		`DELETE FROM visage.images WHERE path = '/1'`:        "2 3 4 4 4 4",
		`DELETE FROM visage.faces WHERE identity_id IS NULL`: "2 3 5 6 4 5",
		`DELETE FROM visage.embeddings`:                      "2 3 5 6 5 0",
		`DELETE FROM visage.spaces WHERE recognizer = 'Two'`: "2 3 5 5 5 5",
		`DELETE FROM visage.spaces`:                          "2 3 5 0 5 0",
		`TRUNCATE visage.galleries CASCADE`:                  "0 0 0 0 0 0",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			first, second := space("One", 4, true), space("Two", 4, true)
			b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{
				photo("/1", "sample-01", first, 1), photo("/1", "sample-01", second, 1),
				photo("/2", "sample-02", first, 2), photo("/3", "", first, 3), photo("/4", "sample-02", first, 4),
			}))
			b.ok(b.db.Enrol(t.Context(), "h", []face.Enrolment{photo("/1", "sample-03", first, 5)}))
			if got := b.text(rest); got != "2 3 5 6 5 6" {
				t.Fatalf("at first %s rows", got)
			}
			if strings.Contains(query, "'/1'") {
				query += ` AND gallery_id = (SELECT id FROM visage.galleries WHERE name = 'g')`
			}
			b.exec(query)
			if got := b.text(rest); got != want {
				t.Errorf("leaves %s galleries, identities, images, outcomes, faces, embeddings, want %s", got, want)
			}
		})
	}
}
