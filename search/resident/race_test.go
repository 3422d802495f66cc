//go:build race

package resident

// raced says that the race detector runs, which makes everything ten times as slow.
const raced = true
