package models_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"

	"latchkey/models"
)

// The published vectors say what a token string is (docs/tokens.md).
func TestPublishedVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/token_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Token, Kind, Why string
		Valid            bool
	}
	if err := json.Unmarshal(raw, &vectors); err != nil || len(vectors) < 8 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for _, v := range vectors {
		s, err := models.ParseSecret(v.Token)
		if (err == nil) != v.Valid {
			t.Errorf("%s (%s): %v, want valid %v", v.Token, v.Why, err, v.Valid)
		}
		if v.Valid && s.Kind() != v.Kind {
			t.Errorf("%s: kind %q, want %q", v.Token, s.Kind(), v.Kind)
		}
	}
}

func TestANewSecretHasTheForm(t *testing.T) {
	form := regexp.MustCompile(`^lkpat[0-9A-Za-z]{38}$`)
	seen := map[string]bool{}
	for range 2000 {
		s := models.NewSecretString("lk", models.KindPersonal)
		if !form.MatchString(s) || seen[s] {
			t.Fatalf("%q: want a new string of the form %s", s, form)
		}
		seen[s] = true
		if got, want := s[37:], checksum(s[:37]); got != want {
			t.Fatalf("%q ends in %q, want %q", s, got, want)
		}
		if _, err := models.ParseSecret(s); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	}
}

// checksum is the definition of the contract, written once more.
func checksum(s string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	out, sum := "", crc32.ChecksumIEEE([]byte(s))
	for sum > 0 {
		out, sum = string(digits[sum%62])+out, sum/62
	}
	return strings.Repeat("0", 6-len(out)) + out
}

// No character is likelier than another: 62 does not divide 256.
func TestRandomCharactersAreEvenlySpread(t *testing.T) {
	counts, n := map[rune]int{}, 0
	for range 5000 {
		for _, c := range models.NewSecretString("lk", models.KindPersonal)[5:37] {
			counts[c]++
			n++
		}
	}
	want, chi := float64(n)/62, 0.0
	for _, got := range counts {
		chi += (float64(got) - want) * (float64(got) - want) / want
	}
	if len(counts) != 62 || chi > 130 { // 61 degrees of freedom: beyond 130 once in a million runs
		t.Errorf("%d characters, chi² = %.1f", len(counts), chi)
	}
}

// However it is printed, a secret comes out as dots.
func TestASecretIsNeverPrinted(t *testing.T) {
	value := models.NewSecretString("lk", models.KindPersonal)
	s, err := models.ParseSecret(value)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "secret", s)
	printed := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		printed = append(printed, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, []models.Secret{s}))
	}
	asJSON, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(printed, string(asJSON)) {
		if strings.Contains(p, value[5:20]) {
			t.Errorf("printed as %s", p)
		}
	}
}

// Of all strings, only one whose checksum is right is looked up.
func FuzzParseSecret(f *testing.F) {
	f.Add(models.NewSecretString("lk", models.KindPersonal))
	f.Add("lkpat")
	f.Add(strings.Repeat("0", 43))
	f.Fuzz(func(t *testing.T, s string) {
		secret, err := models.ParseSecret(s)
		if err != nil {
			return
		}
		if len(s) < 43 || len(s) > 49 || checksum(s[:len(s)-6]) != s[len(s)-6:] {
			t.Errorf("%q was taken for a token", s)
		}
		if secret.Reveal() != s {
			t.Errorf("%q became %q", s, secret.Reveal())
		}
	})
}

// One changed, missing, added or doubled character makes it another string.
func TestAnAlteredTokenIsRefusedUnasked(t *testing.T) {
	s := models.NewSecretString("lk", models.KindPersonal)
	altered := []string{"", s + s, s + "=", " " + s, s + " ", s + "\x00", s + "\n", strings.ToUpper(s), strings.ToLower(s) + "A", "lkpat"}
	for i := range s {
		altered = append(altered, s[:i], s[:i]+s[i+1:], s[:i]+string(s[i]^1)+s[i+1:], s[:i]+"é"+s[i+1:], s[:i]+"-"+s[i:])
	}
	for _, a := range altered {
		if _, err := models.ParseSecret(a); a != s && models.KindOf(err) != models.InvalidToken {
			t.Errorf("%q: %v, want it refused", a, err)
		}
	}
}

func TestIDsAreTypeIDs(t *testing.T) {
	form := regexp.MustCompile(`^tok_[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}$`)
	last := ""
	for range 100 {
		id := models.NewID("tok")
		if !form.MatchString(id) || !models.IsID("tok", id) || models.IsID("usr", id) {
			t.Errorf("%q is not the TypeID of a token", id)
		}
		if id <= last {
			t.Errorf("%q comes after %q", id, last)
		}
		last = id
	}
	for _, bad := range []string{"", "tok_", "tok_" + strings.Repeat("z", 26), "tok_" + strings.Repeat("0", 25), last + "0", strings.ToUpper(last), "tok_' OR 1=1--"} {
		if models.IsID("tok", bad) {
			t.Errorf("%q was taken for an id", bad)
		}
	}
}
