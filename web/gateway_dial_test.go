package web_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

func ranges(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestWhichAddressesAreDialled(t *testing.T) {
	own := []netip.AddrPort{netip.MustParseAddrPort("10.1.1.1:8080"), netip.MustParseAddrPort("[::]:9090")}
	for _, c := range []struct {
		address, allowed string // ranges, with spaces between
		dialled          bool
	}{
		{"93.184.216.34:443", "", true}, {"8.8.8.8:80", "", true}, {"172.15.255.255:1", "", true}, {"172.32.0.1:1", "", true},
		{"192.169.0.1:1", "", true}, {"100.63.255.255:1", "", true}, {"100.128.0.1:1", "", true}, {"198.17.255.255:1", "", true},
		{"223.255.255.255:1", "", true}, {"11.0.0.1:1", "", true}, {"[2606:4700::1111]:443", "", true}, {"[2a00:1450::1]:1", "", true},

		{"127.0.0.1:80", "", false}, {"127.1.2.3:80", "", false}, {"[::1]:80", "", false}, {"0.0.0.0:80", "", false}, {"0.1.2.3:80", "", false},
		{"[::]:80", "", false}, {"10.0.0.1:80", "", false}, {"10.255.255.255:80", "", false}, {"172.16.0.1:80", "", false},
		{"172.31.255.255:80", "", false}, {"192.168.0.1:80", "", false}, {"169.254.169.254:80", "", false}, {"169.254.0.1:80", "", false},
		{"100.64.0.1:80", "", false}, {"100.100.100.200:80", "", false}, {"100.127.255.255:80", "", false}, {"192.0.0.1:80", "", false},
		{"192.0.0.192:80", "", false}, {"192.0.2.1:80", "", false}, {"192.88.99.1:80", "", false}, {"198.18.0.1:80", "", false},
		{"198.19.255.255:80", "", false}, {"198.51.100.1:80", "", false}, {"203.0.113.1:80", "", false}, {"224.0.0.1:80", "", false},
		{"239.255.255.255:80", "", false}, {"240.0.0.1:80", "", false}, {"255.255.255.255:80", "", false}, {"168.63.129.16:80", "", false},

		{"[fe80::1]:80", "", false}, {"[fe80::1%eth0]:80", "", false}, {"[fe80::1%eth0]:80", "fe80::/10", false}, {"[fec0::1]:80", "", false},
		{"[fc00::1]:80", "", false}, {"[fd00::1]:80", "", false}, {"[fd00:ec2::254]:80", "", false}, {"[ff02::1]:80", "", false},
		{"[2001:db8::1]:80", "", false}, {"[3fff::1]:80", "", false}, {"[100::1]:80", "", false}, {"[2001:10::1]:80", "", false},
		{"[2001:2::1]:80", "", false}, {"[5f00::1]:80", "", false}, {"[4000::1]:80", "", false}, {"[2001:4860:4860::8888%1]:80", "", false},

		{"[::ffff:127.0.0.1]:80", "", false}, {"[::ffff:10.0.0.1]:80", "", false}, {"[::ffff:169.254.169.254]:80", "", false},
		{"[::ffff:8.8.8.8]:80", "", true}, {"[::ffff:7f00:1]:80", "", false}, {"[::127.0.0.1]:80", "", false}, {"[::10.0.0.1]:80", "", false},
		{"[::8.8.8.8]:80", "", true}, {"[64:ff9b::127.0.0.1]:80", "", false}, {"[64:ff9b::a9fe:a9fe]:80", "", false}, {"[64:ff9b::10.0.0.1]:80", "", false},
		{"[64:ff9b::8.8.8.8]:80", "", true}, {"[64:ff9b:1::8.8.8.8]:80", "", false}, {"[64:ff9b:1:7f00:0:100::]:80", "", false},
		{"[2002:7f00:1::]:80", "", false}, {"[2002:a00:1::1]:80", "", false}, {"[2002:a9fe:a9fe::]:80", "", false}, {"[2002:808:808::1]:80", "", true},
		{"[2001:0:808:808::f7f7:f7f7]:80", "", true}, {"[2001:0:808:808::80ff:fffe]:80", "", false}, {"[2001:0:7f00:1::f7f7:f7f7]:80", "", false},
		{"[2001:0:808:808::5601:5601]:80", "", false},

		{"10.0.0.1:80", "10.0.0.0/8", true}, {"10.0.0.1:80", "10.0.0.2/32", false}, {"[::ffff:10.0.0.1]:80", "10.0.0.0/8", true},
		{"[64:ff9b::10.0.0.1]:80", "10.0.0.0/8", true}, {"[64:ff9b::10.0.0.1]:80", "64:ff9b::/96", true}, {"[64:ff9b:1::1]:80", "64:ff9b:1::/48", true},
		{"127.0.0.1:80", "10.0.0.0/8 127.0.0.0/8", true}, {"[::1]:80", "127.0.0.0/8", false}, {"[::1]:80", "::1/128", true},
		{"[fd00::1]:80", "fd00::/8", true}, {"169.254.169.254:80", "10.0.0.0/8", false}, {"[2002:a00:1::1]:80", "10.0.0.0/8", true},

		{"10.1.1.1:8080", "10.0.0.0/8", false}, {"10.1.1.1:8081", "10.0.0.0/8", true}, {"[::ffff:10.1.1.1]:8080", "10.0.0.0/8", false},
		{"[64:ff9b::10.1.1.1]:8080", "10.0.0.0/8 64:ff9b::/96", false}, {"127.0.0.1:9090", "127.0.0.0/8", false}, {"127.9.9.9:9090", "127.0.0.0/8", false},
		{"[::1]:9090", "::1/128", false}, {"203.0.113.7:9090", "203.0.113.0/24", false}, {"203.0.113.8:9090", "203.0.113.0/24", true},
		{"0.0.0.0:9090", "0.0.0.0/0", false}, {"[::]:9090", "::/0", false}, {"0.0.0.0:8080", "0.0.0.0/0", false}, {"127.0.0.1:9091", "127.0.0.0/8", true},
		{"nonsense", "0.0.0.0/0", false}, {"", "0.0.0.0/0", false}, {"localhost:80", "0.0.0.0/0", false}, {"/run/docker.sock", "0.0.0.0/0", false},
	} {
		why := web.DialRefusal(ranges(strings.Fields(c.allowed)...), own, c.address)
		if (why == "") != c.dialled {
			t.Errorf("%s with %q: %q, want it dialled: %v", c.address, c.allowed, why, c.dialled)
		}
	}
}

// However an upstream's address is spelled, what is dialled is what it stands
// for. The caller is not told what that is; the operator is.
func TestAnUpstreamThatIsNotPublicIsRefused(t *testing.T) {
	log := &lines{}
	hidden := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the upstream was reached") }))
	t.Cleanup(hidden.Close)
	_, port, _ := net.SplitHostPort(hidden.Listener.Addr().String())
	g := newGateway(t, func(c *web.Config) {
		c.GatewayAllow, c.Log = nil, slog.New(slog.NewTextHandler(log, nil))
	})
	dialled := 0
	for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
		"0.0.0.0", "[::]", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.000.000.001", "[::127.0.0.1]",
		"[::1%25lo]", "[fe80::1%25lo]", "127.0.0.1.nip.invalid", "１２７.0.0.1", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "169.254.169.254"} {
		if err := g.deploy("acme", live("/orders", "http://"+host+":"+port)); err != nil {
			must(t, invalid(err)) // nobody can have such a connection
			continue
		}
		dialled++
		p := g.refused(g.calls("GET", "/gw/acme/prod/orders", ""), 502, "bad_gateway")
		if strings.Contains(p.Detail, "127") || strings.Contains(p.Detail, port) {
			t.Errorf("%s: told %q", host, p.Detail)
		}
	}
	if dialled < 10 {
		t.Errorf("only %d of the spellings came as far as being dialled", dialled)
	}
	g.golive("acme", live("/orders", hidden.URL))
	if p := g.refused(g.calls("GET", "/gw/acme/prod/orders", ""), 502, "bad_gateway"); !strings.Contains(p.Detail, "--gateway-allow") {
		t.Errorf("told %q", p.Detail)
	}
	if !strings.Contains(log.String(), "127.0.0.1") || !strings.Contains(log.String(), "--gateway-allow") {
		t.Errorf("the operator reads\n%s", log)
	}
}

func invalid(err error) error {
	if models.KindOf(err) == models.Invalid {
		return nil
	}
	return err
}

// Our own address is no upstream, whatever the operator allows.
func TestOurOwnAddressIsNoUpstream(t *testing.T) {
	s := modelstest.Open(t)
	var g *gatewayScene
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g = gatewayIn(t, s, func(c *web.Config) { c.Own = []netip.AddrPort{netip.MustParseAddrPort(l.Addr().String())} })
	_ = g.front.Listener.Close()
	own := httptest.NewUnstartedServer(g.server)
	_ = own.Listener.Close()
	own.Listener = l
	own.Start()
	t.Cleanup(own.Close)
	g.front = own
	g.golive("acme", live("/orders", own.URL))
	g.refused(g.calls("GET", "/gw/acme/prod/orders", ""), 502, "bad_gateway")
}

// rebinding is a name server that answers each question with the next address,
// and with the last one from then on.
func rebinding(t testing.TB, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var asked atomic.Int64
	go func() {
		for b := make([]byte, 512); ; {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(resolved(b[:n], func() netip.Addr {
				return netip.MustParseAddr(addresses[min(int(asked.Add(1)), len(addresses))-1])
			}), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// resolved answers a question about an IPv4 address, and any other with nothing
// (RFC 1035 4.1).
func resolved(question []byte, next func() netip.Addr) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5
	answer := append([]byte{}, question[:end]...)
	answer[2], answer[3] = 0x81, 0x80
	clear(answer[6:12])
	if binary.BigEndian.Uint16(question[end-4:]) != 1 {
		return answer
	}
	answer[7] = 1
	answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
	return append(answer, next().AsSlice()...)
}

// A name that meant a public address when it was looked at, and means another
// one when it is dialled, is judged by the latter; and again each time.
func TestANameIsJudgedByWhereItLeadsEachTime(t *testing.T) {
	g := newGateway(t, func(c *web.Config) { c.GatewayAllow = ranges("127.0.0.1/32") })
	visits := 0
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		visits++
		w.Header().Set("Connection", "close") // so that each request dials
	}))
	t.Cleanup(up.Close)
	_, port, _ := net.SplitHostPort(up.Listener.Addr().String())
	g.server.ResolveBy(rebinding(t, "127.0.0.1", "169.254.169.254", "127.0.0.1", "10.0.0.1"))
	g.golive("acme", live("/orders", "http://upstream.example:"+port, func(l *models.Live) { l.Upstream.Timeout = 0 }))
	for i, want := range []int{200, 502, 200, 502, 502} {
		if res := g.calls("GET", "/gw/acme/prod/orders", ""); res.StatusCode != want {
			t.Errorf("request %d: %d, want %d", i, res.StatusCode, want)
		}
	}
	if visits != 2 {
		t.Errorf("%d visits", visits)
	}
}

// The environment cannot send requests elsewhere.
func TestNoProxyIsAsked(t *testing.T) {
	other, got := echoing(t)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"} {
		t.Setenv(name, other.URL)
	}
	g := newGateway(t)
	g.golive("acme", live("/orders", "http://upstream.invalid"))
	g.refused(g.calls("GET", "/gw/acme/prod/orders", ""), 502, "bad_gateway")
	if len(got) > 0 {
		t.Errorf("the proxy was asked: %+v", <-got)
	}
}
