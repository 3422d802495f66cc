package facedraw

import (
	"runtime"
	"sync"
)

// eachRow calls work for 0 to n-1, in stripes on all processors. Rows must not
// depend on each other, so that the order changes nothing.
func eachRow(n int, work func(row int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for row := w; row < n; row += workers {
				work(row)
			}
		})
	}
	wait.Wait()
}
