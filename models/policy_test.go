package models_test

import (
	"testing"

	"latchkey/models"
)

func TestScopePatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, scope models.Scope
		want           bool
	}{
		{"*", "tokens:read", true},
		{"*", "invoices:approve", true},
		{"*", models.TokensWrite, false},
		{"tokens:*", "tokens:read", true},
		{"tokens:*", models.TokensWrite, false},
		{"*:write", models.TokensWrite, false},
		{"*:write", "proxies:write", true},
		{"*:read", "proxies:write", false},
		{"proxies:*", "proxies:write", true},
		{"proxies:*", "proxies-x:write", false},
		{"proxies:write", "proxies:write", true},
		{"proxies:write", "proxies:read", false},
		{models.TokensWrite, models.TokensWrite, true},
		{"", "proxies:read", false},
	} {
		if got := test.pattern.Matches(test.scope); got != test.want {
			t.Errorf("%q matches %q: got %v, want %v", test.pattern, test.scope, got, test.want)
		}
	}
}

func TestWhichScopesAreWellFormed(t *testing.T) {
	for scope, want := range map[models.Scope]bool{
		"*": true, "*:read": true, "a:*": true, "invoices:read": true, "a-b:c-d": true, "a1:b2": true,
		"": false, "*:*": false, "a": false, "a:": false, ":a": false, "A:read": false, "a:b:c": false, "1a:read": false,
		"a b:read": false, "a:re*d": false, "**": false, "a:b\n": false, "é:read": false,
	} {
		if got := scope.Valid(); got != want {
			t.Errorf("%q is well formed: got %v, want %v", scope, got, want)
		}
	}
}

// A child may have what its parent has and not more.
func TestPatternsWithin(t *testing.T) {
	for _, test := range []struct {
		inner, outer []models.Scope
		want         bool
	}{
		{[]models.Scope{"*"}, []models.Scope{"*"}, true},
		{[]models.Scope{"proxies:read"}, []models.Scope{"*"}, true},
		{[]models.Scope{"proxies:*"}, []models.Scope{"*"}, true},
		{[]models.Scope{"*"}, []models.Scope{"proxies:*", "*:read", "*:write"}, false},
		{[]models.Scope{"*:read"}, []models.Scope{"proxies:read"}, false},
		{[]models.Scope{"proxies:read"}, []models.Scope{"*:read"}, true},
		{[]models.Scope{"proxies:*"}, []models.Scope{"proxies:read"}, false},
		{[]models.Scope{models.TokensWrite}, []models.Scope{"*"}, false},
		{[]models.Scope{models.TokensWrite}, []models.Scope{"tokens:*", "*"}, false},
		{[]models.Scope{models.TokensWrite, "a:b"}, []models.Scope{"*", models.TokensWrite}, true},
		{nil, nil, true},
	} {
		if got := models.Within(test.inner, test.outer); got != test.want {
			t.Errorf("%v within %v: got %v, want %v", test.inner, test.outer, got, test.want)
		}
	}
}

// What the built-in roles give is reviewed here, beside the contract.
func TestEveryScopeIsDescribed(t *testing.T) {
	for _, s := range models.Catalogue() {
		if !s.Valid() || s.IsPattern() || s.Describe() == "" {
			t.Errorf("%q: valid %v, described as %q", s, s.Valid(), s.Describe())
		}
	}
}

// Whatever the patterns are: what lies within may do no more.
func FuzzPatternsWithin(f *testing.F) {
	f.Add("*", "tokens:write", "tokens:write")
	f.Add("a:*", "*:b", "a:b")
	f.Fuzz(func(t *testing.T, inner, outer, scope string) {
		in, out, s := models.Scope(inner), models.Scope(outer), models.Scope(scope)
		if !in.Valid() || !out.Valid() || !s.Valid() || s.IsPattern() {
			return
		}
		if models.Within([]models.Scope{in}, []models.Scope{out}) && in.Matches(s) && !out.Matches(s) {
			t.Errorf("%q is within %q, and matches %q", in, out, s)
		}
		if s != in && s == models.TokensWrite && in.Matches(s) {
			t.Errorf("%q matches tokens:write", in)
		}
	})
}
