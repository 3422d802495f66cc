package face

// Request names a write that is to be done once, however often it is sent.
type Request struct {
	Caller string   // whose Key it is; empty where callers are not told apart
	Key    string   // 1 to 255 bytes, of the caller's choice
	Sum    [32]byte // SHA-256 of all that was asked for
}

// Response is what was answered to a Request.
type Response struct {
	Status int
	Header map[string]string
	Body   []byte
}
