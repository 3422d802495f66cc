package eval

import (
	"context"
	"crypto/sha256"

	"golang.org/x/sync/errgroup"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// Identification is the report of the identification protocol. A probe is
// mated where the gallery folder has its identity, even if none of that
// identity's photographs could be enrolled; the others, also those directly in
// the probe folder, are non-mated. A mated probe that failed counts as a miss,
// a non-mated one that failed returned nobody. Rates that nothing was measured
// for are null.
type Identification struct {
	Probes   int      `json:"probes"` // mated and non-mated
	Mated    int      `json:"mated"`
	NonMated int      `json:"non_mated"`
	Failed   int      `json:"failed"` // probes without a template; see FailedFiles
	Rank1    *float64 `json:"rank1"`
	Rank5    *float64 `json:"rank5"`
	// FNIR is FNIR(N,1,T) with N = Enrolled.Identities and T = Threshold.
	FNIR *float64 `json:"fnir"`
	// FPIR is FPIR(N,T).
	FPIR *float64 `json:"fpir"`
	// CMC is the share of mated probes whose identity is among the first k, for
	// k from 1 to 20.
	CMC             []float64           `json:"cmc"`
	Intervals       map[string]Interval `json:"intervals"` // of rank1, rank5, fnir and fpir, where measured
	Threshold       float64             `json:"threshold"`
	ThresholdSource string              `json:"threshold_source"`
	// Decisions count what search.Decide says of the probes that were searched.
	Decisions Decisions `json:"decisions"`
	Enrolled  Enrolled  `json:"enrolled"`
	// AlsoEnrolled is how many probes are byte for byte photographs of the
	// gallery; such a probe finds itself, which flatters every rate.
	AlsoEnrolled int         `json:"probes_also_enrolled"`
	Metric       face.Metric `json:"metric"`
	Detector     string      `json:"detector"`
	Model        string      `json:"model"`
	Space        string      `json:"space"`
	FailedFiles  []Failure   `json:"failed_files"` // of probes and gallery
	// NotImages are files that are no images of a kind that is read; they are
	// in no figure.
	NotImages []Failure `json:"not_images"`
}

// Decisions count the open-set decisions of the probes that were searched.
type Decisions struct {
	Mated    map[search.Decision]int `json:"mated"`
	NonMated map[search.Decision]int `json:"non_mated"`
}

// Enrolled says what the probes were searched in.
type Enrolled struct {
	Identities int `json:"identities"` // with at least one photograph enrolled
	Photos     int `json:"photos"`
	Failed     int `json:"failed"` // photographs of the gallery without a template
}

// Identify runs the identification protocol: it enrols the most prominent face
// of every photograph of galleryDir/<identity>/..., and searches for that of
// every photograph of probeDir/<identity>/... by comparing it with all.
// Photographs directly in galleryDir are enrolled without an identity.
//
// It returns Invalid for a faulty Config or threshold and for a folder without
// photographs, NotFound and Unreadable for a folder that is not there or cannot
// be listed, NoFace where no photograph gave a face, Mismatch where templates
// are of different spaces, Cancelled where ctx ended, and what the Embedder
// fails with otherwise.
func Identify(ctx context.Context, cfg Config, galleryDir, probeDir string) (Identification, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return Identification{}, err
	}
	if cfg.Threshold == (face.Threshold{}) {
		return Identification{}, face.Errorf(face.Invalid, "no threshold is known for this model: give one, since FNIR and FPIR are measured at it")
	}
	run := identification{cfg: cfg}
	if err := run.acquire(ctx, galleryDir, probeDir); err != nil {
		return Identification{}, err
	}
	if err := run.enrol(); err != nil {
		return Identification{}, err
	}
	found, err := run.search(ctx)
	if err != nil {
		return Identification{}, err
	}
	return run.report(found), nil
}

// identification is one run of the protocol.
type identification struct {
	cfg       Config
	space     face.Space
	threshold face.Threshold
	photos    map[string]acquired
	gallery   []labelled // photographs of the gallery folder, without what is no image
	probes    []labelled // likewise
	// failures, apart by whether they count
	failedFiles, notImages []Failure
	store                  *search.Exact
	enrolled               Enrolled
}

// acquire embeds both folders.
func (r *identification) acquire(ctx context.Context, galleryDir, probeDir string) (err error) {
	if r.gallery, err = list(galleryDir); err != nil {
		return err
	}
	if r.probes, err = list(probeDir); err != nil {
		return err
	}
	var files []string
	for _, l := range append(append([]labelled{}, r.gallery...), r.probes...) {
		files = append(files, l.file)
	}
	if r.photos, r.space, err = acquire(ctx, r.cfg, files); err != nil {
		return err
	}
	if r.threshold, err = search.ConvertThreshold(r.cfg.Threshold, r.cfg.Metric, r.space); err != nil {
		return err
	}
	r.setAside()
	return nil
}

// setAside tells failures to acquire from files that are no images.
func (r *identification) setAside() {
	r.failedFiles, r.notImages = []Failure{}, []Failure{}
	for _, f := range failures(r.photos) {
		if f.Code == face.Unsupported {
			r.notImages = append(r.notImages, f)
		} else {
			r.failedFiles = append(r.failedFiles, f)
		}
	}
	r.gallery, r.probes = r.images(r.gallery), r.images(r.probes)
}

// images leaves out what is no image.
func (r *identification) images(all []labelled) []labelled {
	var kept []labelled
	for _, l := range all {
		if f := r.photos[l.file].failure; f == nil || f.Code != face.Unsupported {
			kept = append(kept, l)
		}
	}
	return kept
}

// enrol fills the store with the gallery.
func (r *identification) enrol() error {
	r.store = search.NewExact()
	r.store.AddGallery(face.DefaultGallery)
	r.store.AddSpace(r.space)
	identities := map[string]bool{}
	for _, l := range r.gallery {
		photo := r.photos[l.file]
		if photo.failure != nil {
			r.enrolled.Failed++
			continue
		}
		err := r.store.Enrol(face.DefaultGallery, face.Enrolment{
			Image:     face.Image{Path: l.file, Identity: l.identity},
			Space:     r.space,
			Templates: []face.Template{photo.template},
		})
		if err != nil {
			return err
		}
		r.enrolled.Photos++
		if l.identity != "" {
			identities[l.identity] = true
		}
	}
	r.enrolled.Identities = len(identities)
	return nil
}

// answer is what one probe's search returned; nil where the probe failed.
type answer struct {
	matches  []search.Match
	decision search.Decision
}

// search looks for every probe, in the order of r.probes.
func (r *identification) search(ctx context.Context) ([]*answer, error) {
	searcher, err := search.NewSearcher(search.Config{Gallery: r.store})
	if err != nil {
		return nil, err
	}
	opts := search.FindOptions{K: max(1, r.enrolled.Photos), Metric: r.cfg.Metric, Threshold: r.threshold, Exact: true}
	answers := make([]*answer, len(r.probes))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.cfg.Workers)
	for i, probe := range r.probes {
		photo := r.photos[probe.file]
		if photo.failure != nil {
			continue
		}
		group.Go(func() error {
			found, err := searcher.Find(ctx, []face.Template{photo.template}, opts)
			if err != nil {
				return face.Wrap(face.CodeOf(err), err, "%s", probe.file)
			}
			answers[i] = &answer{found.Results[0], found.Probes[0].Decision}
			return nil
		})
	}
	return answers, group.Wait()
}

// alsoEnrolled counts the probes whose bytes are those of a gallery photograph.
func (r *identification) alsoEnrolled() int {
	sums := map[[sha256.Size]byte]bool{}
	for _, l := range r.gallery {
		if photo := r.photos[l.file]; photo.failure == nil {
			sums[photo.sum] = true
		}
	}
	count := 0
	for _, l := range r.probes {
		if photo := r.photos[l.file]; photo.failure == nil && sums[photo.sum] {
			count++
		}
	}
	return count
}
