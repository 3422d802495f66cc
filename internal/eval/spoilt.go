package eval

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/visagedb/visage/internal/face"
)

// Spoiler does harm to photographs on purpose.
type Spoiler interface {
	// Spoil cuts a face out of a photograph, with its surroundings, and does it a harm.
	Spoil(ctx context.Context, data []byte, found face.Detection, harm face.Harm) ([]byte, error)
}

// asItIs is the kind of a photograph to which nothing was done.
const asItIs face.HarmKind = "none"

// version is a photograph as it is, or spoilt.
type version struct {
	kind     face.HarmKind
	acquired // a template or a failure
}

// versions are those of each file: as it is and, where that gave a face, once with
// every harm.
func versions(ctx context.Context, cfg QualityConfig, files map[string]string) (map[string][]version, error) {
	var (
		mu   sync.Mutex
		done = map[string][]version{}
	)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cfg.Workers)
	for name, file := range files {
		group.Go(func() error {
			all, err := versionsOf(ctx, cfg, name, file)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done[name] = all
			cfg.Progress(len(done), len(files))
			return nil
		})
	}
	return done, group.Wait()
}

func versionsOf(ctx context.Context, cfg QualityConfig, name, file string) ([]version, error) {
	plain, err := embed(ctx, cfg.Embedder, file)
	all := []version{{asItIs, plain}}
	if err != nil || plain.failure != nil {
		return all, err
	}
	data, err := read(file)
	if err != nil {
		return nil, err
	}
	for _, kind := range face.Harms() {
		harm := face.Harm{Kind: kind, Strength: strength(cfg.Seed, name, kind)}
		spoilt, err := cfg.Spoiler.Spoil(ctx, data, plain.template.Detection, harm)
		if err != nil {
			return nil, face.Wrap(face.CodeOf(err), err, "%s spoilt by %s", file, kind)
		}
		got, err := embedBytes(ctx, cfg.Embedder, file, spoilt)
		if err != nil {
			return nil, err
		}
		all = append(all, version{kind, got})
	}
	return all, nil
}

// strength is drawn evenly from [0,1), the same for the same seed, name and kind.
func strength(seed uint64, name string, kind face.HarmKind) float64 {
	sum := fnv.New64a()
	sum.Write([]byte(name + "\x00" + string(kind)))
	return rand.New(rand.NewPCG(seed, sum.Sum64())).Float64()
}
