package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// settings are what every command understands.
type settings struct {
	Database       string `default:"sqlite:latchkey.db" variable:"LATCHKEY_DATABASE" placeholder:"ADDRESS" help:"The database: sqlite:PATH or postgres://…, by default ${default}."`
	DirectDatabase string `variable:"LATCHKEY_DIRECT_DATABASE" placeholder:"ADDRESS" help:"PostgreSQL itself, when --database leads through a pooler: for migrations, and to hear of withdrawals at once."`
	SecretFile     string `variable:"LATCHKEY_SECRET_FILE" placeholder:"PATH" help:"The installation's secret, by default latchkey.secret beside the SQLite file, made at the first start."`
	TokenBrand     string `default:"lk" variable:"LATCHKEY_TOKEN_BRAND" placeholder:"LETTERS" help:"How new tokens begin: 2 to 8 small letters, by default ${default}."`
	LogFormat      string `default:"text" variable:"LATCHKEY_LOG_FORMAT" placeholder:"FORMAT" help:"How to write the log: text or json, by default ${default}."`
	LogLevel       string `default:"info" variable:"LATCHKEY_LOG_LEVEL" placeholder:"LEVEL" help:"The least that is logged: debug, info, warn or error, by default ${default}."`
}

// serveSettings are what only the server needs.
type serveSettings struct {
	Listen         string   `default:"127.0.0.1:8080" variable:"LATCHKEY_LISTEN" placeholder:"HOST:PORT" help:"Where to listen, by default ${default}."`
	BaseURL        string   `name:"base-url" variable:"LATCHKEY_BASE_URL" placeholder:"URL" help:"How people and programs reach the server, by default http://localhost and the port; https://… switches on Secure cookies and HSTS."`
	TrustedProxies []string `variable:"LATCHKEY_TRUSTED_PROXIES" placeholder:"CIDR" help:"Proxies whose X-Forwarded-For and X-Forwarded-Proto count, by default none."`
	GatewayAllow   []string `variable:"LATCHKEY_GATEWAY_ALLOW" placeholder:"CIDR" help:"Addresses and ranges that upstreams of the gateway may have though they are not public, by default none."`
	MetricsListen  string   `variable:"LATCHKEY_METRICS_LISTEN" placeholder:"HOST:PORT" help:"Where to answer /metrics for Prometheus, by default nowhere."`
	Remember       int      `default:"250000" variable:"LATCHKEY_REMEMBER" placeholder:"TOKENS" help:"How many tokens to keep in memory, by default ${default}; with 0 the database verifies each request."`
	AccessLog      bool     `variable:"LATCHKEY_ACCESS_LOG" help:"Log a line for each request."`
}

// problems collects what is wrong with the settings, so that all of it is
// reported at once.
type problems []string

func (p *problems) add(flag, format string, args ...any) {
	*p = append(*p, flag+": "+fmt.Sprintf(format, args...))
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &usageError{p}
}

var brandPattern = regexp.MustCompile(`^[a-z]{2,8}$`)

// check says what is wrong with the settings. It never repeats the address of
// the database, which may hold a password.
func (s *settings) check(bad *problems) {
	file, sqlite := strings.CutPrefix(s.Database, "sqlite:")
	switch {
	case sqlite && (file == "" || strings.ContainsAny(file, "?#")):
		bad.add("--database", "sqlite: wants the path of a file behind it, without ? and #.")
	case !sqlite && !isPostgres(s.Database):
		bad.add("--database", "write sqlite:PATH or postgres://…")
	}
	if s.DirectDatabase != "" && (s.sqliteFile() != "" || !isPostgres(s.DirectDatabase)) {
		bad.add("--direct-database", "it goes with a --database on PostgreSQL: write postgres://…")
	}
	if !brandPattern.MatchString(s.TokenBrand) {
		bad.add("--token-brand", "%q is not 2 to 8 small letters.", s.TokenBrand)
	}
	if s.LogFormat != "text" && s.LogFormat != "json" {
		bad.add("--log-format", "%q is neither text nor json.", s.LogFormat)
	}
	if _, ok := levels[s.LogLevel]; !ok {
		bad.add("--log-level", "%q is none of debug, info, warn and error.", s.LogLevel)
	}
}

func isPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres:") || strings.HasPrefix(address, "postgresql:")
}

var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// logger writes to w what the settings ask for.
func (s *settings) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: levels[s.LogLevel]}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// sqliteFile is the path of the SQLite database, empty for PostgreSQL.
func (s *settings) sqliteFile() string {
	path, ok := strings.CutPrefix(s.Database, "sqlite:")
	if !ok {
		return ""
	}
	return path
}

// secretPath is where the installation's secret is kept.
func (s *settings) secretPath() string {
	if s.SecretFile != "" {
		return s.SecretFile
	}
	return filepath.Join(filepath.Dir(s.sqliteFile()), "latchkey.secret")
}

// check says what is wrong with the settings of the server.
func (s *serveSettings) check(bad *problems) {
	checkAddress(bad, "--listen", s.Listen)
	if s.MetricsListen != "" {
		checkAddress(bad, "--metrics-listen", s.MetricsListen)
	}
	if _, ok := parseBaseURL(s.BaseURL); s.BaseURL != "" && !ok {
		bad.add("--base-url", "%q is not an address such as https://tokens.example.com, without a path.", s.BaseURL)
	}
	if s.Remember < 0 {
		bad.add("--remember", "%d is not a number of tokens, from 0.", s.Remember)
	}
	checkRanges(bad, "--trusted-proxies", s.TrustedProxies)
	checkRanges(bad, "--gateway-allow", s.GatewayAllow)
}

func checkRanges(bad *problems, flag string, list []string) {
	for _, raw := range list {
		if _, ok := parseRange(raw); !ok {
			bad.add(flag, "%q is neither an address nor a range such as 10.0.0.0/8.", raw)
		}
	}
}

func checkAddress(bad *problems, flag, address string) {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		bad.add(flag, "%q is not HOST:PORT, such as 127.0.0.1:8080.", address)
	}
}

// parseBaseURL reads an address of http or https that names a host and nothing
// below it.
func parseBaseURL(raw string) (*url.URL, bool) {
	u, err := url.Parse(strings.TrimSuffix(raw, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, false
	}
	plain := url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	return &plain, strings.EqualFold(plain.String(), strings.TrimSuffix(raw, "/"))
}

// baseURL is how the server is reached: as it was told, or on this machine.
func (s *serveSettings) baseURL(listener net.Addr) *url.URL {
	if u, ok := parseBaseURL(s.BaseURL); ok {
		return u
	}
	at, err := netip.ParseAddrPort(listener.String())
	if err != nil || at.Addr().IsLoopback() || at.Addr().IsUnspecified() {
		_, port, _ := net.SplitHostPort(listener.String())
		return &url.URL{Scheme: "http", Host: "localhost:" + port}
	}
	return &url.URL{Scheme: "http", Host: at.String()}
}

// ranges are addresses and ranges that were checked.
func ranges(checked []string) (list []netip.Prefix) {
	for _, raw := range checked {
		if p, ok := parseRange(raw); ok {
			list = append(list, p)
		}
	}
	return list
}

func parseRange(raw string) (netip.Prefix, bool) {
	raw = strings.TrimSpace(raw)
	if addr, err := netip.ParseAddr(raw); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	p, err := netip.ParsePrefix(raw)
	return p.Masked(), err == nil && !p.Addr().Is4In6() // addresses are compared as what they are, so none is in a mapped range
}
