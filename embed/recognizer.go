package embed

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// model is a recogniser with what it needs, or the lack of one.
type model struct {
	entry      registry.Entry
	recognizer recognize.Recognizer // nil where there is none
	recorded   []*recorder          // of its network, where it is measured
	space      face.Space
	template   align.Template
	native     registry.Native // how its authors prepare a face; the zero value aligns by landmarks
	thresholds face.Thresholds
}

// chooseRecognizers finds the recognisers that the Config names, or the best that
// is installed. They are one zero Entry for none.
func chooseRecognizers(cfg Config) ([]registry.Entry, error) {
	switch {
	case cfg.Store == nil:
		return nil, face.Errorf(face.Invalid, "embed.Config.Store is missing")
	case cfg.Recognizer == NoRecognizer && len(cfg.Also) == 0:
		return []registry.Entry{{}}, nil
	case cfg.Recognizer == "":
		first, err := cfg.Store.Default(registry.Recognizer)
		if err != nil {
			return nil, err
		}
		cfg.Recognizer = first.Name
	}
	var entries []registry.Entry
	for _, name := range append([]string{cfg.Recognizer}, cfg.Also...) {
		entry, err := registry.Find(cfg.Store.Entries(), registry.Recognizer, name)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(entries, func(e registry.Entry) bool { return e.Name == entry.Name }) {
			return nil, face.Errorf(face.Invalid, "recogniser %s is named twice", entry.Name)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// openRecognizer comes after the detector, on which the space may depend.
func (e *Embedder) openRecognizer(cfg Config, m *model) error {
	r := m.entry.Recognition
	if r == nil {
		return nil
	}
	m.space = face.Space{Recognizer: m.entry.Name, Profile: cfg.variant(m.entry), Dim: r.Dim, Unit: true}
	if e.deepface() {
		m.space.Unit, m.thresholds = r.DeepFace.Unit, cfg.qualified(r.DeepFace.Thresholds)
	} else {
		m.native, m.thresholds = *r.Native, r.Native.Thresholds
		m.template = align.ArcFaceIn(r.Width, r.Height)
	}
	if e.deepface() || m.native.Crop == registry.CropBox || e.detector.Landmarks() < 5 {
		m.space.Detector = e.detectorName
	}
	if m.entry.BuiltIn {
		m.recognizer, m.space.Weights = recognize.OpenLBPH(), recognize.LBPHWeights()
		return nil
	}
	if m.entry.Build == "dlib" && !detect.WithDlib {
		_, err := recognize.OpenDlib("", nil)
		return withoutDlib(cfg.Store, m.entry, err)
	}
	file, _, err := cfg.Store.Installed(m.entry)
	if err != nil {
		return err
	}
	m.space.Weights = file.SHA256
	if m.entry.Build == "dlib" {
		m.recognizer, err = dlibNetwork(cfg, m.entry, file)
	} else {
		m.recognizer, err = e.network(cfg, m, file)
	}
	return err
}

// variant is the profile with what departs from its defaults and makes another
// space: templates of different variants cannot be compared. The profile of a
// user's own model is what the user's description says, which may be edited: it
// has the beginning of a hash of that.
func (c Config) variant(recogniser registry.Entry) face.Profile {
	var b strings.Builder
	b.WriteString(string(c.Options.Profile))
	if recogniser.Own {
		sum := preparation(recogniser.Recognition, c.Options.Profile)
		fmt.Fprintf(&b, "+%x", sum[:4])
	}
	if c.Normalization != recognize.Base {
		fmt.Fprintf(&b, "+%s", c.Normalization)
	}
	if c.Crop.Unaligned {
		b.WriteString("+unaligned")
	}
	if c.Crop.Expand > 0 {
		fmt.Fprintf(&b, "+expand%d", c.Crop.Expand)
	}
	return face.Profile(b.String())
}

// qualified says of thresholds that they are DeepFace's for its defaults, where
// the Config departs from those: DeepFace has no others.
func (c Config) qualified(thresholds face.Thresholds) face.Thresholds {
	if c.Normalization == recognize.Base && c.Crop == (Crop{}) {
		return thresholds
	}
	thresholds = slices.Clone(thresholds)
	for i := range thresholds {
		thresholds[i].Source += "; set for the normalization base and for aligned boxes that are not grown"
	}
	return thresholds
}

// preparation hashes all of a description that templates of the profile depend
// on. Fields are written one by one: those that a later version adds must not
// change the spaces of descriptions without them.
func preparation(r *registry.Recognition, profile face.Profile) [sha256.Size]byte {
	said := fmt.Sprintf("%dx%d %s %q ", r.Width, r.Height, r.Layout, r.Output)
	if profile == face.DeepFace {
		d := r.DeepFace
		said += fmt.Sprint(d.RGB, d.Mean, d.Std, d.Bytes, d.Unit)
	} else {
		n := r.Native
		said += fmt.Sprint(n.RGB, n.Mean, n.Std, n.Crop, n.Margin)
	}
	return sha256.Sum256([]byte(said))
}

// network opens a recogniser that runs in ONNX Runtime.
func (e *Embedder) network(cfg Config, m *model, file registry.File) (recognize.Recognizer, error) {
	feed, err := feedOf(m.entry.Recognition, cfg)
	if err != nil {
		return nil, err
	}
	session, err := e.session(cfg, m.entry, file)
	if err != nil {
		return nil, err
	}
	recognizer, err := recognize.OpenNetwork(context.Background(), watched(cfg, session, &m.recorded), recognize.Config{
		Feed: feed, Dim: m.entry.Recognition.Dim, Last: m.entry.Recognition.Layout == registry.NHWC,
		Workers: cfg.Workers, Turns: e.turns.all, Batch: cfg.Batch, Ran: cfg.Observer.Batch,
	})
	if err != nil {
		return nil, errors.Join(face.Wrap(face.Mismatch, err, "recogniser %s", m.entry.Name), session.Close())
	}
	return recognizer, nil
}

// dlibNetwork opens the recogniser that runs in dlib.
func dlibNetwork(cfg Config, entry registry.Entry, file registry.File) (recognize.Recognizer, error) {
	if err := cfg.onProcessor(entry); err != nil {
		return nil, err
	}
	feed, err := feedOf(entry.Recognition, cfg)
	if err != nil {
		return nil, err
	}
	path, err := cfg.Store.Path(entry, file)
	if err != nil {
		return nil, err
	}
	return recognize.OpenDlib(path, feed)
}

// feedOf says what the network is given in the profile.
func feedOf(r *registry.Recognition, cfg Config) (recognize.Feed, error) {
	if cfg.Options.Profile == face.DeepFace {
		return recognize.DeepFaceFeed(recognize.DeepFaceConfig{
			Width: r.Width, Height: r.Height, Input: recognize.Input(r.DeepFace.Input),
			Bytes: r.DeepFace.Bytes, Normalization: cfg.Normalization,
		})
	}
	return recognize.NativeFeed(r.Width, r.Height, recognize.Input(r.Native.Input)), nil
}
