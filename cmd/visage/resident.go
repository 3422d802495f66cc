package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/pflag"

	"github.com/visagedb/visage/internal/pgserver"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/telemetry"
	"github.com/visagedb/visage/search"
)

// The values of --resident.
const (
	residentAuto = "auto"
	residentOn   = "on"
	residentOff  = "off"
)

// memoryShare is the part of the machine's memory that templates take by default: the
// private Postgres has a quarter too, the networks and the system need the rest.
const memoryShare = 4

// otherMemory is what a service needs beside templates before the garbage collector has
// to hurry. Without a limit it would let as much garbage lie about as there are templates.
const otherMemory = 1 << 30

// residence is --resident and --resident-memory.
type residence struct {
	mode   string
	memory string
}

func (r *residence) flags(flags *pflag.FlagSet) {
	flags.StringVar(&r.mode, "resident", residentAuto, "hold the templates in memory, too, and search there: auto, where the database can be followed; on, or end; off")
	flags.StringVar(&r.memory, "resident-memory", "", `what they may take, such as "4GiB"; default a quarter of the memory. Spaces that need more are searched in Postgres`)
}

// limit is how many bytes the templates may take.
func (r *residence) limit() (int64, error) {
	switch r.mode {
	case residentAuto, residentOn, residentOff:
	default:
		return 0, misuse{fmt.Errorf("--resident %s: it is auto, on or off", r.mode)}
	}
	if r.memory == "" {
		all, err := pgserver.Memory()
		return all / memoryShare, err
	}
	limit, err := humanize.ParseBytes(r.memory)
	if err != nil || limit == 0 || limit > 1<<62 {
		return 0, misuse{fmt.Errorf("--resident-memory %q: say how much, such as 4GiB", r.memory)}
	}
	return int64(limit), nil
}

// withResident has the templates held in memory while use runs. The gallery that use
// gets searches there, and in the database where they are not; every so often, or never
// for 0, one of its searches is repeated exactly. Where the templates must be in memory
// and cannot, the context that use gets ends.
func (a *app) withResident(ctx context.Context, db *postgres.DB, r residence, metrics *telemetry.Metrics, every time.Duration, use func(context.Context, search.Gallery) error) error {
	limit, err := r.limit()
	if err != nil {
		return err
	}
	if r.mode == residentOff {
		a.forgetResident(ctx, db)
		return use(ctx, db)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit + limit/4 + otherMemory)
	}
	h := a.hold(db, limit)
	h.gauges(metrics)
	using, stop := context.WithCancel(ctx)
	following, leave := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		err := h.follow(following)
		if err != nil && r.mode == residentAuto {
			a.log.Warn("searches go to Postgres, for the templates cannot be held in memory", "reason", err)
			err = h.copy.Close()
		}
		if err != nil {
			stop()
		}
		ended <- err
	}()
	gallery := h.gallery(metrics)
	var checks sync.WaitGroup
	if every > 0 {
		checks.Go(func() { gallery.Check(following, every) })
	}
	err = use(using, gallery)
	leave()
	checks.Wait()
	return errors.Join(err, <-ended, h.leave())
}
