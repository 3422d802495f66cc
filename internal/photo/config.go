package photo

import (
	"cmp"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// Config says what a Reader reads.
type Config struct {
	// Kinds are the kinds of names that are read; others are refused. Defaults to
	// Inline alone, which reaches for nothing that the caller does not send.
	Kinds []Kind
	// MaxBytes is the largest encoded photograph. Defaults to 64 MiB.
	MaxBytes int64
	// Stdin is what the name "-" stands for. Defaults to os.Stdin.
	Stdin io.Reader
	// Timeout bounds all that is done for a URL, redirects included. Defaults to
	// 30 s.
	Timeout time.Duration
	// Stall is how long a server may take to connect, or send nothing. Defaults to
	// 10 s.
	Stall time.Duration
	// Ports are those that URLs may lead to. Defaults to 80 and 443.
	Ports []uint16
	// AllowPrivate lets URLs lead to loopback and private addresses, for intranets
	// and tests. It is dangerous: whoever may name a URL can then send GET requests
	// to all services that this machine reaches, its own included. Link-local
	// addresses, where clouds serve their credentials, stay refused. Defaults to
	// false.
	AllowPrivate bool
}

func (c Config) withDefaults() Config {
	if len(c.Kinds) == 0 {
		c.Kinds = []Kind{Inline}
	}
	if len(c.Ports) == 0 {
		c.Ports = []uint16{80, 443}
	}
	c.MaxBytes = cmp.Or(c.MaxBytes, 64<<20)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.Stall = cmp.Or(c.Stall, 10*time.Second)
	if c.Stdin == nil {
		c.Stdin = os.Stdin
	}
	c.Kinds, c.Ports = slices.Clone(c.Kinds), slices.Clone(c.Ports)
	return c
}

func (c Config) validate() error {
	unknown := func(k Kind) bool { return k != File && k != Stdin && k != Inline && k != URL }
	for _, rule := range []struct {
		field, want string
		holds       bool
	}{
		{"Kinds", "must be File, Stdin, Inline or URL", !slices.ContainsFunc(c.Kinds, unknown)},
		{"MaxBytes", "must be at least 1 and below 2^63-1", c.MaxBytes > 0 && c.MaxBytes < math.MaxInt64},
		{"Timeout", "must not be negative", c.Timeout > 0},
		{"Stall", "must not be negative", c.Stall > 0},
		{"Ports", "must be at least 1", !slices.Contains(c.Ports, 0)},
	} {
		if !rule.holds {
			return face.Errorf(face.Invalid, "photo: %s %s", rule.field, rule.want)
		}
	}
	return nil
}
