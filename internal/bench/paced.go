package bench

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Paced sends requests at moments that do not wait for the answers, so many a second
// on average and at random as independent callers do (a Poisson process, drawn from
// the seed), for a while. A request's time counts from the moment at which it was due.
// There is one request at least. It returns once all are answered; the first that fails
// ends all, and its error is returned.
func Paced(ctx context.Context, perSecond float64, span time.Duration, seed uint64, request func(context.Context) error) (Timings, error) {
	random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // moments, not secrets
	group, ctx := errgroup.WithContext(ctx)
	var guard sync.Mutex
	var taken []time.Duration
	begun, sent := time.Now(), 0
	for due := begun; ctx.Err() == nil; {
		due = due.Add(time.Duration(random.ExpFloat64() / perSecond * float64(time.Second)))
		if sent > 0 && due.Sub(begun) > span {
			break
		}
		sent++
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
		}
		group.Go(func() error {
			err := request(ctx)
			took := time.Since(due)
			guard.Lock()
			defer guard.Unlock()
			taken = append(taken, took)
			return err
		})
	}
	err := group.Wait()
	return Timings{taken}, err
}
