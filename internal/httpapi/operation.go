package httpapi

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

const (
	// mostOperations is how many operations are remembered, the newest.
	mostOperations = 100
	// mostRunning is how many run at once: each keeps a database busy by itself.
	mostRunning = 2
)

// operation is something that goes on after its request was answered. It ends with
// the server.
type operation struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind"` // build_index or measure_recall
	Space    string     `json:"space"`
	State    string     `json:"state"` // running, done or failed
	Progress Progress   `json:"progress"`
	Started  time.Time  `json:"started"`
	Finished *time.Time `json:"finished"`
	Result   any        `json:"result,omitempty"`
	Error    *told      `json:"error,omitempty"`
}

// operations are those of one server. They may be used by several goroutines at once.
type operations struct {
	ctx    context.Context //nolint:containedctx // what goes on is ended by stop, not by a request
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu  sync.Mutex
	all []*operation // the oldest first
}

func newOperations() *operations {
	o := &operations{}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	return o
}

// stop ends all and waits for them.
func (o *operations) stop() {
	o.mu.Lock()
	o.cancel() // nothing is begun after this
	o.mu.Unlock()
	o.group.Wait()
}

// begin runs something in the background and returns how it stands. It returns
// Conflict where the same runs for the space already, and Unavailable where too many
// run, or the server ends.
func (o *operations) begin(kind, space string, do func(ctx context.Context, tell func(Progress)) (any, error)) (operation, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ctx.Err() != nil {
		return operation{}, face.Errorf(face.Unavailable, "the server is ending")
	}
	running := 0
	for _, one := range o.all {
		if one.State != "running" {
			continue
		}
		running++
		if one.Kind == kind && one.Space == space {
			return operation{}, face.Errorf(face.Conflict, "operation %s does so for space %s already", one.ID, space)
		}
	}
	if running >= mostRunning {
		return operation{}, face.Errorf(face.Unavailable, "%d operations are running: try again when one has ended", running)
	}
	one := &operation{ID: rand.Text(), Kind: kind, Space: space, State: "running", Started: time.Now().UTC()}
	o.all = append(o.all, one)
	o.all = o.all[max(0, len(o.all)-mostOperations):]
	o.group.Go(func() {
		result, err := do(o.ctx, func(p Progress) { o.change(func() { one.Progress = p }) })
		o.change(func() { one.finish(result, err) })
	})
	return *one, nil
}

func (o *operations) change(how func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	how()
}

func (one *operation) finish(result any, err error) {
	now := time.Now().UTC()
	one.State, one.Finished, one.Result = "done", &now, result
	if err != nil {
		_, why := describe(err)
		one.State, one.Result, one.Error = "failed", nil, &why
	}
}

// list returns all, the newest first.
func (o *operations) list() []operation {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]operation, 0, len(o.all))
	for _, one := range slices.Backward(o.all) {
		all = append(all, *one)
	}
	return all
}

// operations answers GET /v1/operations.
func (v v1) operations(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"operations": v.running.list()})
}

// operation answers GET /v1/operations/{operation}.
func (v v1) operation(c echo.Context) error {
	id, err := param(c, "operation")
	if err != nil {
		return err
	}
	for _, one := range v.running.list() {
		if one.ID == id {
			return c.JSON(http.StatusOK, one)
		}
	}
	return face.Errorf(face.NotFound, "there is no operation %q: this server remembers its last %d", id, mostOperations)
}

// accepted answers with something that was begun.
func accepted(c echo.Context, one operation) error {
	c.Response().Header().Set(echo.HeaderLocation, "/v1/operations/"+one.ID)
	return c.JSON(http.StatusAccepted, one)
}
