// Package photo reads an encoded photograph from what a caller names: a file,
// the standard input, a data URI or base64, or an http(s) URL. These are what
// DeepFace's functions and its HTTP API take. DeepFace lets any caller read any
// file and any address that the server reaches; here each kind of name is off
// until it is allowed, and nothing is larger than a limit.
//
// URLs are guarded against the forgery of requests: they lead to public
// addresses only, which is checked when the connection is made, and after each of
// at most three redirects anew; to the usual ports; without credentials, cookies
// and referrer; and for a limited time. No proxy is used, whatever the
// environment names, for it would resolve the names, out of sight. What cannot be
// told from an address is up to the network: services that listen on a public one
// and trust this machine, or a NAT64 of a prefix of its own.
//
// What the bytes are is not looked at: names, endings and content types that
// somebody claims are not trusted, and decoding decides by content.
package photo
