package httpapi

import "github.com/visagedb/visage/internal/face"

// modelsOf is modelsAndCropOf for routes that do not tell live faces from pictures of faces.
func modelsOf(f *fields) Choice {
	if f.flag("anti_spoofing", false) {
		f.refuse(face.Errorf(face.Unavailable, "anti_spoofing: this route does not tell live faces from pictures of faces, and nothing was checked: ask /analyze, and here leave the field out or send false"))
	}
	return modelsAndCropOf(f)
}

// modelsAndCropOf are the fields by which DeepFace's routes choose models. A box that is to
// be expanded by less than nothing stays as it is, as with DeepFace.
func modelsAndCropOf(f *fields) Choice {
	return Choice{
		Recognizer: f.text("model_name", ""), Detector: f.text("detector_backend", ""), Unaligned: !f.flag("align", true),
		Expand: max(0, f.whole("expand_percentage", 0)), Normalization: f.text("normalization", ""),
	}
}

// wantedOf are the fields that say which faces count.
func wantedOf(f *fields) Wanted {
	want := Wanted{MaxFaces: f.whole("max_faces", 0), Anyway: !f.flag("enforce_detection", true)}
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
