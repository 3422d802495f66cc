package resident

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// leastRows is from how many templates on a space is held: their mean is that of its
// index, and fewer are compared one by one as fast.
const leastRows = 1_000

// CopyConfig says how a copy is held.
type CopyConfig struct {
	// Seed chooses the rotations. Defaults to 0.
	Seed uint64
	// MemoryLimit is how many bytes all indexes together may take. Defaults to no limit.
	MemoryLimit int64
	// Logger is told of spaces that are too large. Defaults to silence.
	Logger *slog.Logger
}

// Copy is the templates of a whole database, an index for each space that is large
// enough. It is told of them by what follows the database (postgres.DB.Follow), whose
// postgres.Follower it is: calls of Begin to Reached come one after the other. All
// else may be called at any time.
type Copy struct {
	cfg CopyConfig

	mu       sync.RWMutex // guards the following, not the members' indexes
	members  map[int32]*member
	complete bool
	position face.Position
	ahead    []sighting    // of the database, which the copy has not reached yet; in order
	inStep   time.Time     // when the database stood where the copy does, or before
	advanced chan struct{} // closed with the next position
}

// sighting is where a database stood at a time.
type sighting struct {
	at   face.Position
	when time.Time
}

// member is what is held of a space.
type member struct {
	space   face.Space
	index   *Index // nil while there are few
	few     map[[16]byte]face.Enrolled
	refused bool // too large for the memory
}

// NewCopy makes a copy of nothing.
func NewCopy(cfg CopyConfig) *Copy {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Copy{cfg: cfg, members: map[int32]*member{}, advanced: make(chan struct{})}
}

// Begin forgets all, for a copy anew of these spaces. Until the next call of Reached
// nothing is found.
func (c *Copy) Begin(_ context.Context, spaces map[int32]face.Space) error {
	c.mu.Lock()
	before := c.members
	c.members, c.complete, c.inStep = map[int32]*member{}, false, time.Time{}
	for id, space := range spaces {
		c.members[id] = newMember(space)
	}
	c.mu.Unlock()
	return closeAll(before)
}

func newMember(space face.Space) *member {
	return &member{space: space, few: map[[16]byte]face.Enrolled{}, refused: space.Dim > MostDim}
}

// Space takes up a new space.
func (c *Copy) Space(_ context.Context, id int32, space face.Space) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.members[id] == nil {
		c.members[id] = newMember(space)
	}
	return nil
}

// Put takes templates in. A space that outgrows the memory is not held any more, nor
// is one of which a template cannot be compared.
func (c *Copy) Put(_ context.Context, space int32, rows []face.Enrolled) error {
	m := c.members[space]
	switch {
	case m == nil:
		return face.Errorf(face.Internal, "templates of space %d, of which nothing was said", space)
	case m.refused:
		return nil
	case m.index == nil && len(m.few)+len(rows) < leastRows:
		for _, r := range rows {
			r.Vector = slices.Clone(r.Vector)
			m.few[r.Face] = r
		}
		return nil
	case m.index == nil:
		if err := c.grow(m, rows); err != nil {
			return c.refuse(m, err)
		}
		return nil
	default:
		return c.refuse(m, c.put(m.index, rows))
	}
}

// grow makes an index of the few and of rows.
func (c *Copy) grow(m *member, rows []face.Enrolled) error {
	all := make([]face.Enrolled, 0, len(m.few)+len(rows))
	for _, r := range m.few {
		all = append(all, r)
	}
	all = append(all, rows...)
	index, err := New(Config{Space: m.space, Seed: c.cfg.Seed, Mean: commonMean(all, m.space.Dim)})
	if err != nil {
		return err
	}
	if err := c.put(index, all); err != nil {
		return errors.Join(err, index.Close())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m.index, m.few = index, nil
	return nil
}

// put takes templates into an index, unless that is too much for the memory.
func (c *Copy) put(index *Index, rows []face.Enrolled) error {
	if err := index.Put(rows); err != nil {
		return err
	}
	sum := index.Bytes()
	for _, other := range c.members {
		if other.index != nil && other.index != index {
			sum += other.index.Bytes()
		}
	}
	if limit := c.cfg.MemoryLimit; limit > 0 && sum > limit {
		return face.Errorf(face.TooLarge, "the indexes in memory take more than %d bytes", limit)
	}
	return nil
}

// refuse lets a space go where there is an error, which is the end of it.
func (c *Copy) refuse(m *member, err error) error {
	if err == nil {
		return nil
	}
	c.cfg.Logger.Warn("a space is not held in memory: it is searched in Postgres", "space", m.space.Name(), "reason", err)
	c.mu.Lock()
	index := m.index
	m.index, m.few, m.refused = nil, nil, true
	c.mu.Unlock()
	if index == nil {
		return nil
	}
	return index.Close()
}

// commonMean is the mean of templates brought to length 1.
func commonMean(rows []face.Enrolled, dim int) []float32 {
	sum := make([]float64, dim)
	for _, r := range rows {
		if n := length(r.Vector); n > 0 && len(r.Vector) == dim {
			for i, x := range r.Vector {
				sum[i] += float64(x) / n
			}
		}
	}
	mean := make([]float32, dim)
	for i, x := range sum {
		mean[i] = float32(x / float64(len(rows)))
	}
	return mean
}

// Remove forgets templates of a space.
func (c *Copy) Remove(_ context.Context, space int32, faces [][16]byte) error {
	m := c.members[space]
	if m == nil || m.refused {
		return nil
	}
	if m.index != nil {
		return m.index.Remove(faces)
	}
	for _, id := range faces {
		delete(m.few, id)
	}
	return nil
}

// Identify gives faces other identities, in all spaces.
func (c *Copy) Identify(_ context.Context, faces map[[16]byte][16]byte) error {
	for _, m := range c.members {
		for id, identity := range faces {
			if m.index != nil {
				if err := m.index.Identify(id, identity); err != nil {
					return err
				}
			} else if row, known := m.few[id]; known {
				row.Identity = identity
				m.few[id] = row
			}
		}
	}
	return nil
}

// Clear forgets all templates of a space.
func (c *Copy) Clear(_ context.Context, space int32) error {
	m := c.members[space]
	if m == nil || m.refused {
		return nil
	}
	if m.index != nil {
		return m.index.Clear()
	}
	clear(m.few)
	return nil
}

// Reached says that the copy is whole, and as the database was at a position.
func (c *Copy) Reached(_ context.Context, at face.Position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.complete {
		for _, m := range c.members {
			if m.index != nil {
				c.cfg.Logger.Info("a space is held in memory", "space", m.space.Name(), "templates", m.index.Len(), "bytes", m.index.Bytes())
			}
		}
	}
	c.complete, c.position = true, at
	for len(c.ahead) > 0 && c.ahead[0].at <= at {
		c.inStep, c.ahead = c.ahead[0].when, c.ahead[1:]
	}
	close(c.advanced)
	c.advanced = make(chan struct{})
	return nil
}

// mostAhead bounds how many sightings are remembered: those of a quarter of an hour.
const mostAhead = 1_000

// Seen says where the database stood at a time, or later, which tells how far the copy
// is behind it: what follows a database does not know. Times come in order. Until one of
// the positions is reached the copy is taken to be far behind, and not used.
func (c *Copy) Seen(at face.Position, when time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.complete && at <= c.position && len(c.ahead) == 0:
		c.inStep = when
	case len(c.ahead) < mostAhead:
		c.ahead = append(c.ahead, sighting{at, when})
	}
}

// Close lets everything go.
func (c *Copy) Close() error {
	c.mu.Lock()
	before := c.members
	c.members, c.complete = map[int32]*member{}, false
	c.mu.Unlock()
	return closeAll(before)
}
