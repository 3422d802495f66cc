package httpapi

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// metered is how many callers have a bucket of their own; further ones share one.
	metered = 10_000
	// sweepEvery is how often full buckets, which say nothing, are thrown away.
	sweepEvery = time.Minute
)

// meter limits how many requests each caller sends, by a token bucket each.
type meter struct {
	rate  rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	swept   time.Time
}

// newMeter lets each caller send so many requests a second, and as many as burst at
// once; none are limited where perSecond is 0.
func newMeter(perSecond float64, burst int) *meter {
	return &meter{rate: rate.Limit(perSecond), burst: burst, buckets: map[string]*rate.Limiter{}}
}

// take takes a request off the caller's bucket, or says how long to wait for one.
func (m *meter) take(whom string, now time.Time) (wait time.Duration) {
	if m.rate == 0 {
		return 0
	}
	taken := m.bucket(whom, now).ReserveN(now, 1)
	if wait = taken.DelayFrom(now); wait > 0 {
		taken.CancelAt(now)
	}
	return wait
}

func (m *meter) bucket(whom string, now time.Time) *rate.Limiter {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.swept) > sweepEvery {
		m.swept = now
		for name, b := range m.buckets {
			if b.TokensAt(now) >= float64(m.burst) {
				delete(m.buckets, name)
			}
		}
	}
	if _, has := m.buckets[whom]; !has && len(m.buckets) >= metered {
		whom = "others"
	}
	b, has := m.buckets[whom]
	if !has {
		b = rate.NewLimiter(m.rate, m.burst)
		m.buckets[whom] = b
	}
	return b
}
