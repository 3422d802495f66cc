package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// Auth says who is asked for a key.
type Auth string

// The ways of asking.
const (
	// AuthOnceThereAreKeys asks for one as soon as a key was ever made. Until then it
	// answers only requests that name this machine as their host, as its own programs
	// do and web pages of others cannot.
	AuthOnceThereAreKeys Auth = "auto"
	// AuthKeys always asks for one.
	AuthKeys Auth = "keys"
	// AuthNobody never does. It is for services that only those can reach who may use
	// them.
	AuthNobody Auth = "none"
)

// admitted lets callers in by the rule of the route.
func (s *Server) admitted(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		rule, served := s.rules[c.Request().Method+" "+c.Path()]
		switch {
		case !served || rule.scope == open: // the router answers 404 or 405 to what is not served
			return next(c)
		case rule.scope == "":
			s.cfg.Logger.Error("a route without a rule is closed", "route", c.Path())
			return forbidden("this is closed")
		}
		key, err := s.known(c)
		if err != nil {
			return err
		}
		if key.ID != "" {
			if err := rule.passes(key, c); err != nil {
				return err
			}
		}
		r := c.Request()
		c.SetRequest(r.WithContext(withCaller(r.Context(), caller{key, rule})))
		return next(c)
	}
}

// known is the caller's key, or the zero Key where none is needed. It charges the
// key or, before a key is looked up that is not remembered, the address. Programs of
// this machine, before the first key, are not charged.
func (s *Server) known(c echo.Context) (face.Key, error) {
	ctx, text := c.Request().Context(), sentKey(c.Request())
	if s.cfg.Auth == AuthNobody {
		return face.Key{}, s.charge(addressOf(c.Request()))
	}
	if s.cfg.Auth == AuthOnceThereAreKeys {
		needed, err := s.keyring.needed(ctx)
		if err != nil {
			return face.Key{}, err
		}
		if !needed {
			return face.Key{}, ownHost(c.Request())
		}
	}
	if !s.keyring.remembers(text) {
		if err := s.charge(addressOf(c.Request())); err != nil {
			return face.Key{}, err
		}
	}
	key, ok, err := s.keyring.key(ctx, text)
	switch {
	case err != nil:
		return face.Key{}, err
	case !ok:
		return face.Key{}, unauthorized()
	}
	return key, s.charge("key " + key.ID)
}

// charge takes a request off what somebody may send.
func (s *Server) charge(whom string) error {
	if wait := s.meter.take(whom, time.Now()); wait > 0 {
		return busy("too many requests: slow down", wait)
	}
	return nil
}

// sentKey is what a request gives for a key.
func sentKey(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return r.Header.Get("X-Api-Key")
}

// addressOf is where a request comes from: an address or, of IPv6, the network of 64
// bits that one customer has. Headers that claim another address are not believed.
func addressOf(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "elsewhere"
	}
	addr := from.Addr().Unmap()
	if addr.Is6() {
		network, _ := addr.WithZone("").Prefix(64) // 64 is a length that every IPv6 address has
		return network.String()
	}
	return addr.String()
}

// ownHost refuses requests that name another host than this machine: those of web
// pages that have had their own name resolved to it (DNS rebinding), and of proxies,
// behind which anybody may be.
func ownHost(r *http.Request) error {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback() {
		return nil
	}
	return forbidden("without API keys only this machine's own programs are answered, by the name localhost: make a key with visage key create")
}
