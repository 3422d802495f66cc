package postgres

import (
	"context"
	"crypto/sha256"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

// maxTwins bounds how many photographs of one content are looked at: more
// would not give other templates.
const maxTwins = 8

// Twins returns, with their templates, up to 8 photographs of the gallery that
// have the given content and of which one space knows something, the oldest
// first.
func (d *DB) Twins(ctx context.Context, gallery string, space face.Space, content [sha256.Size]byte) ([]face.Enrolment, error) {
	const query = `
		SELECT i.path_bytes, i.size, i.mtime, i.width, i.height, coalesce(p.name, ''), i.detector, coalesce(i.rejected, ''),
		       t.confidence, t.x1, t.y1, t.x2, t.y2, t.landmarks, t.embedding, t.attributes
		FROM (SELECT m.*, o.space_id, o.detector, o.rejected FROM visage.images m
		      JOIN visage.image_spaces o ON o.image_id = m.id
		      WHERE m.gallery_id = (SELECT id FROM visage.galleries WHERE name = $1) AND m.sha256 = $3
		        AND o.space_id = (SELECT id FROM visage.spaces WHERE name = $2)
		      ORDER BY m.created_at, m.id LIMIT $4) i
		LEFT JOIN visage.identities p ON p.id = i.identity_id
		LEFT JOIN LATERAL (SELECT f.*, e.embedding FROM visage.faces f
		      JOIN visage.embeddings e ON e.space_id = i.space_id AND e.face_id = f.id
		      WHERE f.image_id = i.id) t ON true
		ORDER BY i.created_at, i.id, t.confidence DESC, t.id`
	rows, _ := d.pool.Query(ctx, query, face.Readable(gallery), space.Name(), content[:], maxTwins)
	var twins []face.Enrolment
	var path []byte
	var rejected string
	var confidence, x1, y1, x2, y2 pgtype.Float4
	var landmarks []float32
	var vector *pgvector.Vector
	var attributes map[face.Attribute]face.Estimate
	var e face.Enrolment
	columns := []any{
		&path, &e.Image.Size, &e.Image.ModTime, &e.Image.Width, &e.Image.Height, &e.Image.Identity, &e.Detector, &rejected,
		&confidence, &x1, &y1, &x2, &y2, &landmarks, &vector, &attributes,
	}
	_, err := pgx.ForEachRow(rows, columns, func() error {
		last := len(twins) - 1
		if last < 0 || twins[last].Image.Path != string(path) {
			e.Image.Path, e.Image.SHA256, e.Space, e.Rejected = string(path), content, space, face.Code(rejected)
			twins, last = append(twins, e), last+1
		}
		if vector == nil {
			return nil
		}
		found := face.Detection{
			Box:        face.Box{X1: x1.Float32, Y1: y1.Float32, X2: x2.Float32, Y2: y2.Float32},
			Confidence: confidence.Float32, Landmarks: pointsOf(landmarks),
		}
		twins[last].Templates = append(twins[last].Templates, face.Template{
			Space: space, Vector: vector.Slice(), Detection: found, Attributes: attributes,
		})
		attributes = nil // the next row's are a map of their own
		return nil
	})
	return twins, interpret("postgres.Twins", err)
}

// pointsOf reads landmarks as visage.faces has them.
func pointsOf(coordinates []float32) face.Landmarks {
	var points face.Landmarks
	for i := 0; i+1 < len(coordinates); i += 2 {
		points = append(points, face.Point{X: coordinates[i], Y: coordinates[i+1]})
	}
	return points
}
