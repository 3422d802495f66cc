package resident

import "sync"

// mostAtOnce is up to how many probes share a pass: their bits and lists fit into the
// cache of a processor beside a block of codes.
const mostAtOnce = 32

// passMemory is about how much memory the lists of a pass may take, in bytes. One probe
// may need more by itself.
const passMemory = 128 << 20

// mostKept is how many templates may be chosen for all probes of a pass together: each
// worker lists twice as many, with 6 bytes for each, and those chosen take 28 more.
func mostKept() int { return passMemory / (2*6*workers() + 28) }

// line joins searches that are made at the same time: one caller runs a pass over the
// codes for all that wait, while those that come meanwhile wait for the next.
type line struct {
	mu      sync.Mutex
	running bool
	waiting []*job
}

// do has run done for the job, together with others, by this caller or another one.
func (l *line) do(j *job, run func([]*job)) {
	l.mu.Lock()
	l.waiting = append(l.waiting, j)
	if l.running {
		l.mu.Unlock()
		if leads := <-j.turn; !leads {
			return
		}
		l.mu.Lock()
	}
	l.running = true
	batch := l.next()
	l.mu.Unlock()
	run(batch)
	for _, other := range batch {
		if other != j {
			other.turn <- false
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) > 0 {
		l.waiting[0].turn <- true // it leads the next pass
		return
	}
	l.running = false
}

// next takes those that share the next pass off the line: as many as have mostAtOnce
// probes together, and no more than mostKept to choose. One has no more than that, or is
// alone.
func (l *line) next() []*job {
	n, probes, kept := 1, len(l.waiting[0].tasks), l.waiting[0].kept()
	for ; n < len(l.waiting); n++ {
		probes, kept = probes+len(l.waiting[n].tasks), kept+l.waiting[n].kept()
		if probes > mostAtOnce || kept > mostKept() {
			break
		}
	}
	batch := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	return batch
}
