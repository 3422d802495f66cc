//go:build !amd64

package kernel

// All returns the kernels that this processor runs, the fastest first.
func All() []Kernel { return []Kernel{Plain()} }
