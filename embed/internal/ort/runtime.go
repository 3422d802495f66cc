// Package ort is the only importer of onnxruntime_go: it owns the process's one
// ONNX Runtime and runs graphs in it.
package ort

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	onnx "github.com/yalue/onnxruntime_go"
)

// ONNX Runtime has one environment per process, so its users are counted here:
// the first Open makes it and the last Close takes it down.
var process struct {
	mu    sync.Mutex
	users int
	path  string
}

var open atomic.Int64

// Open counts the sessions and runtimes that are not yet closed, for leak tests.
func Open() int64 { return open.Load() }

// Runtime is a share in the process's ONNX Runtime. It must outlive its
// sessions.
type Runtime struct {
	once sync.Once
	err  error
}

// OpenRuntime loads the shared library at path, or takes a share in it if this
// process has loaded it already. The caller closes it.
func OpenRuntime(path string) (*Runtime, error) {
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.users > 0 && process.path != path {
		return nil, fmt.Errorf("ONNX Runtime is already loaded from %s: %s cannot be loaded beside it", process.path, path)
	}
	if process.users == 0 {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("ONNX Runtime's shared library: %w: run `make setup`, or name the library by --ort-lib or VISAGE_ORT_LIB", err)
		}
		onnx.SetSharedLibraryPath(path)
		if err := onnx.InitializeEnvironment(onnx.WithLogLevelError()); err != nil {
			return nil, fmt.Errorf("load ONNX Runtime from %s: %w", path, err)
		}
		process.path = path
	}
	process.users++
	open.Add(1)
	return &Runtime{}, nil
}

// Version is ONNX Runtime's own, such as "1.27.0".
func (r *Runtime) Version() string { return onnx.GetVersion() }

// Close gives the share back. It may be called twice.
func (r *Runtime) Close() error {
	if r == nil {
		return nil
	}
	r.once.Do(func() {
		process.mu.Lock()
		defer process.mu.Unlock()
		open.Add(-1)
		if process.users--; process.users == 0 {
			if err := onnx.DestroyEnvironment(); err != nil {
				r.err = fmt.Errorf("close ONNX Runtime: %w", err)
			}
		}
	})
	return r.err
}

// ErrClosed is returned by a session that was closed.
var ErrClosed = errors.New("the session is closed")
