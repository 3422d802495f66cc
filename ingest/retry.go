package ingest

import (
	"context"
	"time"

	"github.com/visagedb/visage/internal/face"
)

const (
	firstPause = 50 * time.Millisecond
	maxPause   = 5 * time.Second
	// commitGrace is how long what is finished may take to be committed after
	// the run was cancelled.
	commitGrace = 10 * time.Second
)

// retry calls the ledger until it answers, with pauses that double, for at
// most the time that is configured. It gives up at once where ctx has ended.
func (c Config) retry(ctx context.Context, op func() error) error {
	giveUp, told := time.Now().Add(c.RetryFor), ""
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := op()
		if face.CodeOf(err) != face.Unavailable {
			return err
		}
		left := time.Until(giveUp)
		if left <= 0 {
			return face.Wrap(face.Unavailable, err,
				"ingest: %s. That was tried for %s; what was committed stands, run the same again to go on", messageOf(err), c.RetryFor)
		}
		if why := messageOf(err); why != told {
			c.Paused(err)
			told = why
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(min(pause, left)):
		}
	}
}

// outliving returns a context that ends only some grace after ctx has.
func outliving(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-longer.Done():
		case <-time.After(grace):
			cancel()
		}
	})
	return longer, func() { stop(); cancel() }
}
