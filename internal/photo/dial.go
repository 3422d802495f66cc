package photo

import (
	"context"
	"net"
	"time"
)

// dial connects to an address that checkAddress lets pass.
func (f *fetcher) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := f.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &impatient{conn, f.cfg.Stall}, nil
}

// impatient is a connection that fails where nothing moves for some time.
type impatient struct {
	net.Conn
	patience time.Duration
}

// Read waits for the first bytes no longer than the patience lasts.
func (c *impatient) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write gives up after as long.
func (c *impatient) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
