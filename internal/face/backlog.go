package face

// Backlog is a queue of ingest jobs that are not at an end, all of one task.
type Backlog struct {
	Queue   string
	Ready   int    // can be taken now
	Later   int    // are to be tried again later
	Running int    // a worker is at them
	Job     []byte // the oldest one's description, JSON
}
