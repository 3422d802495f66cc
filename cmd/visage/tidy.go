package main

import (
	"context"
	"sync"
	"time"

	"github.com/visagedb/visage/internal/postgres"
)

// tidyEvery is how often what nobody needs any more is thrown away.
const tidyEvery = time.Hour

// withTidying throws away, while use runs, archives whose jobs are at an end and
// answers that were kept for requests which do not come again: at once, and every so
// often. What cannot be thrown away is tried again the next time.
func (a *app) withTidying(ctx context.Context, db *postgres.DB, jobs *intake, use func() error) error {
	tidying, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		clock := time.NewTicker(tidyEvery)
		defer clock.Stop()
		for {
			for what, tidy := range map[string]func(context.Context) error{"archives that were sent": jobs.sweep, "kept answers": db.ForgetAnswers} {
				if err := tidy(tidying); err != nil && tidying.Err() == nil {
					a.log.Warn("what is not needed stays a while longer", "what", what, "error", err)
				}
			}
			select {
			case <-tidying.Done():
				return
			case <-clock.C:
			}
		}
	})
	err := use()
	stop()
	done.Wait()
	return err
}
