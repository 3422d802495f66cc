package photo

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// portOf is the port of a server's URL.
func portOf(t *testing.T, address string) uint16 {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(port)
}

// serve starts a server on loopback that counts its requests.
func serve(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	return server, &requests
}

// raw starts a server that answers each request with the bytes given, and hangs
// up, or waits for the client to do so where they are to be all that ever comes.
func raw(t *testing.T, answer string, hangUp bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				request := make([]byte, 4096)
				if _, err := conn.Read(request); err != nil {
					return
				}
				_, _ = io.WriteString(conn, answer)
				if !hangUp {
					_, _ = conn.Read(request)
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String() + "/raw.jpg"
}

// intranet is a Config that reads URLs of the servers given, on loopback.
func intranet(t *testing.T, servers ...string) Config {
	t.Helper()
	cfg := Config{Kinds: []Kind{URL}, AllowPrivate: true, Stall: 5 * time.Second}
	for _, address := range servers {
		cfg.Ports = append(cfg.Ports, portOf(t, address))
	}
	return cfg
}

// names makes a reader resolve all host names to what answer says for the n-th
// request of addresses of one family, instead of by the machine's resolver.
func names(r *Reader, answer func(n int64) []netip.Addr) {
	var asked [2]atomic.Int64
	r.urls.dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			for {
				query, err := readMessage(server)
				if err != nil {
					return
				}
				const typeAAAA = 28
				end := 12
				for query[end] != 0 {
					end += int(query[end]) + 1
				}
				six := binary.BigEndian.Uint16(query[end+1:]) == typeAAAA
				family := 0
				if six {
					family = 1
				}
				if _, err := server.Write(resolved(query[:end+5], six, answer(asked[family].Add(1)))); err != nil {
					return
				}
			}
		}()
		return client, nil
	}}
}

// always is an answer to names.
func always(addresses ...string) func(int64) []netip.Addr {
	return func(int64) []netip.Addr {
		list := make([]netip.Addr, len(addresses))
		for i, a := range addresses {
			list[i] = netip.MustParseAddr(a)
		}
		return list
	}
}

// readMessage reads a DNS message as it is framed on TCP (RFC 1035, 4.2.2).
func readMessage(from io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(from, message)
	return message, err
}

// resolved answers a query, given up to the end of its question, with the
// addresses that are of its family (RFC 1035, 4.1).
func resolved(query []byte, six bool, addresses []netip.Addr) []byte {
	message := append([]byte{0, 0}, query...)
	records := uint16(0)
	for _, a := range addresses {
		if a.Is6() != six {
			continue
		}
		records++
		kind := byte(1) // A
		if six {
			kind = 28 // AAAA
		}
		message = append(message, 0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, byte(a.BitLen()/8))
		message = append(message, a.AsSlice()...)
	}
	binary.BigEndian.PutUint16(message, uint16(len(message)-2))
	copy(message[4:], []byte{0x81, 0x80, 0, 1})
	binary.BigEndian.PutUint16(message[8:], records)
	copy(message[10:], []byte{0, 0, 0, 0})
	return message
}
