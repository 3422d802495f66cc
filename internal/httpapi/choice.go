package httpapi

import (
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// modelsOf are the fields by which DeepFace's routes choose models. A box that is to
// be expanded by less than nothing stays as it is, as with DeepFace.
func modelsOf(f *fields) Choice {
	return Choice{
		Recognizer: f.text("model_name", ""), Detector: f.text("detector_backend", ""), Unaligned: !f.flag("align", true),
		Expand: max(0, f.whole("expand_percentage", 0)), Normalization: f.text("normalization", ""),
	}
}

// wantedOf are the fields that say which faces count. What is usual is done about
// pictures of faces where the field spoofs does not say.
func wantedOf(f *fields, usual search.SpoofPolicy) wanted {
	want := wanted{
		Wanted: Wanted{MaxFaces: f.whole("max_faces", 0), Anyway: !f.flag("enforce_detection", true), Liveness: f.flag("anti_spoofing", false)},
		spoofs: spoofsOf(f, usual),
	}
	if want.MaxFaces < 0 {
		f.wrong("max_faces", "1 or more, or 0 for all")
	}
	return want
}

// metricOf is the distance asked for. Where l2_normalize asks for templates of length
// 1, euclidean is that of such templates, which has a name of its own.
func metricOf(f *fields) face.Metric {
	metric, err := face.ParseMetric(f.text("distance_metric", string(face.Cosine)))
	if err != nil {
		f.refuse(face.Wrap(face.Invalid, err, "distance_metric"))
	}
	if metric == face.Euclidean && f.flag("l2_normalize", false) {
		return face.EuclideanL2
	}
	return metric
}

// galleryOf is the gallery meant.
func galleryOf(f *fields) string { return f.text("gallery", face.DefaultGallery) }
