package bench

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Timings are how long requests took, by client. Each client sends its next request
// when the last one is answered.
type Timings [][]time.Duration

// PerSecond is how many requests are answered in a second: the sum of the clients'
// rates. It is 0 without requests.
func (t Timings) PerSecond() float64 {
	sum := 0.0
	for _, client := range t {
		var busy time.Duration
		for _, took := range client {
			busy += took
		}
		if busy > 0 {
			sum += float64(len(client)) / busy.Seconds()
		}
	}
	return sum
}

// Quantile is the time within which the share q of all requests, above 0 and up to
// 1, was answered. It is 0 without requests.
func (t Timings) Quantile(q float64) time.Duration {
	all := slices.Sorted(slices.Values(slices.Concat(t...)))
	if len(all) == 0 {
		return 0
	}
	return all[max(0, int(q*float64(len(all))+0.5)-1)]
}

// Span is how long clients send requests: for a while that does not count, in which
// connections become as fast as they will be, and then for another that does.
type Span struct{ Warm, Counted time.Duration }

// Load has so many clients send requests, one after the other, until the span is
// over, of which at least one each counts. The first that fails ends all, and its
// error is returned.
func Load(ctx context.Context, clients int, span Span, request func(context.Context) error) (Timings, error) {
	taken := make(Timings, clients)
	group, ctx := errgroup.WithContext(ctx)
	begun := time.Now()
	for client := range taken {
		group.Go(func() error {
			for len(taken[client]) == 0 || time.Since(begun) < span.Warm+span.Counted {
				sent := time.Now()
				if err := request(ctx); err != nil {
					return err
				}
				if sent.Sub(begun) >= span.Warm {
					taken[client] = append(taken[client], time.Since(sent))
				}
			}
			return nil
		})
	}
	return taken, group.Wait()
}
