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

// Load has so many clients send requests, one after the other, for the given time,
// at least one each. A request is told its client and its number, both from 0. The
// first that fails ends all, and its error is returned.
func Load(ctx context.Context, clients int, length time.Duration, request func(ctx context.Context, client, number int) error) (Timings, error) {
	taken := make(Timings, clients)
	group, ctx := errgroup.WithContext(ctx)
	begun := time.Now()
	for client := range taken {
		group.Go(func() error {
			for number := 0; number == 0 || time.Since(begun) < length; number++ {
				sent := time.Now()
				if err := request(ctx, client, number); err != nil {
					return err
				}
				taken[client] = append(taken[client], time.Since(sent))
			}
			return nil
		})
	}
	return taken, group.Wait()
}
