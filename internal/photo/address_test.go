package photo

import (
	"net/netip"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

func TestBlocksAreWellFormed(t *testing.T) {
	t.Parallel()
	for _, b := range blocks {
		if p, err := netip.ParsePrefix(b.prefix); err != nil || p != p.Masked() || b.what == "" {
			t.Errorf("%+v: %v", b, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	const public, intranet, never = "public", "intranet", "never"
	outside, inside := newReader(t, Config{}).urls, newReader(t, Config{AllowPrivate: true}).urls
	for want, addresses := range map[string][]string{
		public: {
			"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
			"169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
			"2606:4700::1111", "2001:4860:4860::8888", "2a00::1", "2003::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "64:ff9b::808:808",
		},
		intranet: {
			"10.0.0.0", "10.255.255.255", "127.0.0.1", "127.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.100.200",
			"100.127.255.255", "::1", "fc00::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::c0a8:101",
		},
		never: {
			"0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "168.63.129.16", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255",
			"198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
			"::", "fe80::1", "febf::1", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1", "4000::1", "64:ff9b:1::1",
			"::ffff:169.254.169.254", "::ffff:0.0.0.0", "64:ff9b::169.254.169.254", "64:ff9b::0.0.0.0",
			"::127.0.0.1", "::ffff:0:127.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001::1", "2001:2::1",
			"fe80::1%eth0", "::1%lo", "2606:4700::1111%eth0", "::ffff:1.1.1.1%eth0",
		},
	} {
		for _, text := range addresses {
			addr := netip.MustParseAddr(text)
			if what := outside.forbidden(addr); (what == "") != (want == public) {
				t.Errorf("%s is %q, want %s", text, what, want)
			}
			if what := inside.forbidden(addr); (what == "") != (want != never) {
				t.Errorf("%s within an intranet is %q, want %s", text, what, want)
			}
			err := outside.checkAddress("tcp", netip.AddrPortFrom(addr, 80).String(), nil)
			if want == public && err != nil {
				t.Errorf("%s: %v", text, err)
			} else if want != public {
				wantError(t, text, err, face.Invalid, addr.String(), "(")
			}
		}
	}
	wantError(t, "a name", outside.checkAddress("tcp", "localhost:80", nil), face.Invalid, "no address")
}
