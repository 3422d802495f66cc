// Package queue shares the work of an ingest out among machines: jobs, each a
// piece of a source, wait in Postgres, in the tables of River, and workers take
// them.
//
//	ingest.Cut -> Filling -> River's tables -> Work -> Runner (ingest.Run)
//
// What decides the outcome of a piece besides its files is its Task. Every task
// has a River queue of its own, and a worker first asks its Runner whether it can
// do the task: whether it has the very weights, and sees the folder. Where it
// cannot, it never takes a job of that queue, so that none is lost or passed from
// hand to hand; another worker takes them.
//
// A worker does one job at a time (a run uses all processors by itself) and says
// every few seconds that it is still at it. Where it has not for the time of a
// lease, by the clock of the database, any other worker gives its job back. That a
// job may so be done twice is no harm: an ingest only does what the ledger does
// not have.
//
// A job that fails is tried again, some minutes in all, and then stays as failed.
// The same piece, with its files in the same state, is not queued twice at a time.
package queue
