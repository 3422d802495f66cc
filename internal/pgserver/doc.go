// Package pgserver runs the embedded default database: a private Postgres
// cluster under the home directory, made and run with the system's own
// PostgreSQL binaries. It imports nothing else of this project.
//
// # What lies where
//
//	HOME/postgres          the cluster (data directory, server.log, normally the socket)
//	HOME/postgres.lock     held while a command decides, starts or stops
//	HOME/postgres.users    held shared by every command that uses the server
//	HOME/postgres.server   held by the server's processes for as long as any of them lives
//	HOME/postgres.keep     exists after Keep: the last one out leaves the server running
//	HOME/postgres.initdb-* a cluster being made; renamed to HOME/postgres when complete
//
// The locks are flock(2) locks: the kernel drops them when their holder dies,
// however it dies, so nothing that a killed process leaves behind can block or
// mislead the next one. The lock files themselves are never removed.
//
// # Life time
//
// The first command that needs the server starts it, every further one joins,
// the last one out stops it (unless it is kept). The server runs in a session
// of its own and outlives the command that started it: if that one is killed,
// the next command uses the running server and, being the last, stops it.
// Arriving and leaving are serialised by postgres.lock, so that one command
// cannot join a server that another has just decided to stop.
//
// # Who may connect
//
// The server listens on a unix socket only, in a directory that only the
// cluster's owner and root can enter, and asks the kernel who connects (peer
// authentication). It never runs as root: root drops to the cluster's owner,
// for a new cluster the operating system's user postgres.
//
// The package needs Linux: it reads /proc.
package pgserver
