package postgres

// Pool is how busy the connections to the database are.
type Pool struct {
	Most     int     // connections that there may be
	Open     int     // connections that there are
	Used     int     // of them, those in use
	Waits    int64   // how often somebody had to wait for one, since the start
	WaitTime float64 // how long all of them have waited, in seconds
}

// Pool says how busy the connections are. It asks nothing of the server.
func (d *DB) Pool() Pool {
	s := d.pool.Stat()
	return Pool{
		Most: int(s.MaxConns()), Open: int(s.TotalConns()), Used: int(s.AcquiredConns()),
		Waits: s.EmptyAcquireCount(), WaitTime: s.EmptyAcquireWaitTime().Seconds(),
	}
}
