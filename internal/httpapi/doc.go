// Package httpapi serves face recognition over HTTP: DeepFace's routes, which its
// clients find unchanged, and resources of our own below /v1. It joins ports that
// it declares itself, so that it knows neither the networks nor the database.
//
// The way of a request: an id is given to it, its size is limited, the caller is
// known by a key, waits for a turn, and is then answered by a handler that returns
// an error of package face, which is turned into a status in one place (status).
package httpapi
