package models

import (
	"net/url"
	"path"
	"strings"
	"testing"
)

// What external tests may see of the gateway's side.

func SetLive(s *Serving, live ...*Live) { s.live = live }

const (
	MaxFigures   = maxFigures
	MaxRefusedAt = maxRefusedAt
)

// Unwritten is how much traffic waits to be written.
func (s *Store) Unwritten() (figures, refusals int) {
	return len(s.traffic.figures), len(s.traffic.refusals)
}

// RefusalsOf are all refusals that are written.
func RefusalsOf(t testing.TB, s *Store) (list []GatewayRefusal) {
	t.Helper()
	if err := s.Across(t.Context()).Order("id").Find(&list).Error; err != nil {
		t.Fatal(err)
	}
	return list
}

// SecondReading says how another server might read a path differently, in the
// ways that are known; nothing when there is none.
func SecondReading(p string) string {
	once, err := url.PathUnescape(p)
	if err != nil {
		return "it cannot be decoded"
	}
	if twice, err := url.PathUnescape(once); err != nil || twice != once {
		return "decoding it twice changes it"
	}
	if strings.Count(once, "/") != strings.Count(p, "/") || strings.Contains(once, "\\") {
		return "decoding it makes other segments"
	}
	for _, reading := range []string{p, once} {
		if clean := path.Clean(reading); clean != strings.TrimSuffix(reading, "/") && clean != reading {
			return "tidying it makes " + clean
		}
	}
	for segment := range strings.SplitSeq(once, "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name = strings.TrimRight(name, " \t"); name == "." || name == ".." {
			return "a segment can be cut back to dots"
		}
	}
	if strings.ContainsAny(p, ";\\?# ") || strings.IndexFunc(once, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0 {
		return "it holds what ends a path, or a line"
	}
	return ""
}
