package photo

import "net/netip"

// block is a range of addresses that are not public.
type block struct {
	prefix  string
	what    string
	private bool // of an intranet: Config.AllowPrivate lets it pass
}

// blocks follow IANA's registries of special-purpose addresses (RFC 6890), of
// multicast and of reserved ones. Where a range holds a few public services,
// such as anycast relays, it is refused as a whole: none of them has photographs.
var blocks = [...]block{
	{"0.0.0.0/8", "unspecified (RFC 1122)", false},
	{"10.0.0.0/8", "private (RFC 1918)", true},
	{"100.64.0.0/10", "shared behind a carrier's NAT (RFC 6598)", true},
	{"127.0.0.0/8", "loopback (RFC 1122)", true},
	{"169.254.0.0/16", "link-local (RFC 3927)", false}, // 169.254.169.254 gives clouds' credentials
	{"168.63.129.16/32", "of Azure's host (Microsoft's documentation)", false},
	{"172.16.0.0/12", "private (RFC 1918)", true},
	{"192.0.0.0/24", "of a protocol (RFC 6890)", false},
	{"192.0.2.0/24", "for documentation (RFC 5737)", false},
	{"192.88.99.0/24", "of 6to4 relays (RFC 7526)", false},
	{"192.168.0.0/16", "private (RFC 1918)", true},
	{"198.18.0.0/15", "for benchmarks (RFC 2544)", false},
	{"198.51.100.0/24", "for documentation (RFC 5737)", false},
	{"203.0.113.0/24", "for documentation (RFC 5737)", false},
	{"224.0.0.0/4", "multicast (RFC 5771)", false},
	{"240.0.0.0/4", "reserved (RFC 1112)", false}, // with 255.255.255.255
	{"::/128", "unspecified (RFC 4291)", false},
	{"::1/128", "loopback (RFC 4291)", true},
	{"fc00::/7", "private (RFC 4193)", true},
	{"fe80::/10", "link-local (RFC 4291)", false},
	{"fec0::/10", "site-local (RFC 3879)", false},
	{"ff00::/8", "multicast (RFC 4291)", false},
	{"2001::/23", "of a protocol (RFC 2928)", false}, // with Teredo and benchmarks
	{"2001:db8::/32", "for documentation (RFC 3849)", false},
	{"2002::/16", "6to4 (RFC 7526)", false},
	{"3fff::/20", "for documentation (RFC 9637)", false},
}

const (
	// nat64 holds an IPv4 address in its last 32 bits (RFC 6052); networks without
	// IPv4 reach all public ones by it.
	nat64 = "64:ff9b::/96"
	// unicast is all of IPv6 that has been given out for public use (RFC 4291).
	unicast = "2000::/3"
)

// forbidden says what an address is that is not public, and "" of one that is
// or that AllowPrivate lets pass.
func (f *fetcher) forbidden(addr netip.Addr) string {
	if addr.Zone() != "" {
		return "of one link only (RFC 4007)"
	}
	addr = addr.Unmap()
	if within(nat64, addr) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	for _, b := range blocks {
		if within(b.prefix, addr) {
			if b.private && f.cfg.AllowPrivate {
				return ""
			}
			return b.what
		}
	}
	if addr.Is6() && !within(unicast, addr) {
		return "of no public range (RFC 4291)"
	}
	return ""
}

func within(prefix string, addr netip.Addr) bool { return netip.MustParsePrefix(prefix).Contains(addr) }
