package photo

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"

	"github.com/visagedb/visage/internal/face"
)

// checkURL refuses what can be told from a URL alone.
func (f *fetcher) checkURL(u *url.URL) error {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	number, err := strconv.ParseUint(port, 10, 16)
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return refuse("only http and https are read")
	case u.User != nil:
		return refuse("it holds a user's name")
	case u.Hostname() == "":
		return refuse("it names no host")
	case err != nil || !slices.Contains(f.cfg.Ports, uint16(number)):
		return refuse("it names port %s, and only %v are read", port, f.cfg.Ports)
	}
	return nil
}

// checkAddress is asked by the dialer about each numeric address before it
// connects to it. A name that resolves to something else a moment later, as in
// DNS rebinding, gains nothing by it.
func (f *fetcher) checkAddress(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return face.Wrap(face.Invalid, err, "is refused: its host has no address")
	}
	if what := f.forbidden(to.Addr()); what != "" {
		refusal := refuse("its host's address is %s, and only public ones are read", what)
		refusal.Err = errors.New(to.Addr().String()) // for the log: callers learn no addresses of an intranet
		return refusal
	}
	return nil
}

// refuse says that a guard does not let a URL pass; explain puts the URL before
// the message.
func refuse(format string, args ...any) *face.Error {
	return face.Errorf(face.Invalid, "is refused: "+format, args...)
}
