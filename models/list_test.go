package models_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// Whatever the order, pages put together are the whole list, each thing once,
// forwards and backwards.
func TestPagesPutTogetherAreTheWholeList(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada")
		for i := range 23 {
			in := models.NewToken{Name: fmt.Sprintf("token %02d", i*7%23), Expires: models.Never}
			if i%3 == 0 {
				in.Expires = models.ExpiresOn(time.Now().AddDate(0, 0, i+1).Format(time.DateOnly))
			}
			modelstest.Token(t, ada, in)
		}
		for _, sort := range []string{"created", "-created", "name", "-name", "expires", "-expires", "last_used", "-last_used"} {
			var forwards, backwards []string
			q := models.TokenQuery{Sort: sort, Paging: models.Paging{Limit: 5}}
			var last models.List[models.Token]
			for {
				list, err := ada.Tokens(ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				if list.From != len(forwards)+1 {
					t.Errorf("%s: the page begins at %d, want %d", sort, list.From, len(forwards)+1)
				}
				forwards, last = append(forwards, tokenNames(list.Items)...), list
				if q.Cursor = list.Next; q.Cursor == "" {
					break
				}
			}
			backwards = tokenNames(last.Items)
			for q.Cursor = last.Prev; q.Cursor != ""; q.Cursor = last.Prev {
				list, err := ada.Tokens(ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				backwards, last = append(tokenNames(list.Items), backwards...), list
			}
			if !slices.Equal(forwards, backwards) {
				t.Errorf("%s: forwards %v, backwards %v", sort, forwards, backwards)
			}
			if unique := slices.Compact(slices.Sorted(slices.Values(forwards))); len(forwards) != 23 || len(unique) != 23 {
				t.Errorf("%s: %d things, %d different ones, want 23", sort, len(forwards), len(unique))
			}
		}
	})
}

func tokenNames(tokens []models.Token) (list []string) {
	for _, t := range tokens {
		list = append(list, t.Name)
	}
	return list
}

// A cursor belongs to one list of one person in one tenant.
func TestACursorOfAnotherListIsRefused(t *testing.T) {
	s := modelstest.Open(t)
	ada, bob, _ := two(t, s)
	cursor := ada.Seal("tokens")
	if !ada.Opens("tokens", cursor) {
		t.Error("its own list does not take the cursor")
	}
	if ada.Opens("members", cursor) || bob.Opens("tokens", cursor) || ada.Opens("tokens", cursor[:len(cursor)-1]) {
		t.Error("another list, another tenant or a shortened cursor was taken")
	}
}

// No string that we did not seal opens.
func FuzzCursor(f *testing.F) {
	s, err := models.Open(f.Context(), models.Config{Database: modelstest.SQLite(f), Secret: modelstest.Secret})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(f.Context()); err != nil {
		f.Fatal(err)
	}
	modelstest.Tenant(f, s, "acme")
	ada := modelstest.Member(f, s, "acme", "ada")
	sealed := ada.Seal("tokens")
	f.Add(sealed)
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`0123456789ab{"i":"tok_x","n":1}`)))
	f.Fuzz(func(t *testing.T, cursor string) {
		if cursor != sealed && ada.Opens("tokens", cursor) {
			// The last character of base64 may have bits that stand for nothing.
			a, aerr := base64.RawURLEncoding.DecodeString(cursor)
			b, berr := base64.RawURLEncoding.DecodeString(sealed)
			if aerr != nil || berr != nil || !slices.Equal(a, b) {
				t.Errorf("%q was taken for a cursor", cursor)
			}
		}
	})
}
