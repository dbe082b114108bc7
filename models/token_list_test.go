package models_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/migrations"
	"latchkey/models"
	"latchkey/models/modelstest"
)

var (
	sorts    = []string{"-created", "created", "name", "-name", "expires", "-expires", "last_used", "-last_used"}
	statuses = []string{models.Active, models.Pending, models.Expired, models.Revoked}
	noon     = time.Date(2026, 10, 12, 12, 0, 0, 0, time.UTC)
)

// tokensOf are n tokens of a user in every state, in no order but that of when
// they were created.
func tokensOf(a *models.Access, n int) []models.Token {
	at := func(d time.Duration) *time.Time { t := noon.Add(d); return &t }
	list := make([]models.Token, n)
	for i := range list {
		name := fmt.Sprintf("token %06d of many", i*7919%n)
		hash := sha256.Sum256([]byte(a.User().ID + name))
		list[i] = models.Token{ID: models.NewID("tok"), TenantID: a.Tenant().ID, UserID: a.User().ID, Kind: models.KindPersonal, Name: name, NameKey: name,
			Scopes: models.Words{"*"}, Hint: fmt.Sprintf("lkpat…%04d", i%10000), Hash: hash[:], CreatedAt: noon.Add(time.Duration(i-n) * time.Hour)}
		t := &list[i]
		t.ExpiresAt = []*time.Time{nil, at(-time.Hour), at(0), at(time.Microsecond), at(48 * time.Hour), at(90 * 24 * time.Hour), &last}[i%7]
		t.RevokedAt = []*time.Time{nil, nil, nil, at(-time.Minute)}[i%4]
		t.NotBefore = []*time.Time{nil, nil, at(0), nil, at(time.Minute)}[i%5]
		t.LastUsedAt = []*time.Time{nil, at(-time.Duration(i*31%n) * time.Second)}[i%2]
	}
	return list
}

// last is the last instant that a token can end at, and is not never.
var last = time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)

// Whatever the policy and the order, a list holds the tokens that are in the
// state that it was asked for, and the counts are those of the lists.
func TestAListHoldsTheTokensOfItsState(t *testing.T) {
	modelstest.EachAt(t, func() time.Time { return noon }, func(t *testing.T, s *models.Store) {
		modelstest.Tenant(t, s, "acme")
		ada := modelstest.Member(t, s, "acme", "ada", models.Admin)
		tokens := tokensOf(ada, 140)
		must(t, models.Fill(t.Context(), s, tokens))
		for _, change := range []map[string]any{
			{"allow_never": true, "max_lifetime_days": nil}, {"allow_never": false}, {"max_lifetime_days": 3}, {"allow_never": true},
		} {
			must(t, s.Across(t.Context()).Model(&models.Policy{}).Where("tenant_id = ?", ada.Tenant().ID).Updates(change).Error)
			ada = modelstest.As(t, s, "acme", "ada")
			for _, sort := range sorts {
				for _, q := range append(asked(sort), models.TokenQuery{Sort: sort}) {
					what := fmt.Sprintf("%v: %s %q live %v before %v", change, sort, q.Status, q.Live, q.Before)
					want := those(tokens, q, ada.Policy())
					if got := walked(t, q, func(q models.TokenQuery) (models.List[models.Token], error) { return ada.Tokens(t.Context(), q) }); !slices.Equal(got, want) {
						t.Errorf("%s: own tokens %v, want %v", what, got, want)
					}
					if got := walked(t, q, func(q models.TokenQuery) (models.List[models.Token], error) { return ada.TenantTokens(t.Context(), q) }); !slices.Equal(got, want) {
						t.Errorf("%s: the tenant's tokens %v, want %v", what, got, want)
					}
				}
			}
			live := len(those(tokens, models.TokenQuery{Live: true}, ada.Policy()))
			want := models.TokenCount{Live: int64(live), Inactive: int64(len(tokens) - live),
				Soon: int64(len(those(tokens, models.TokenQuery{Before: noon.AddDate(0, 0, 7)}, ada.Policy())))}
			own, err := ada.CountTokens(t.Context())
			must(t, err)
			all, err := ada.CountTenantTokens(t.Context())
			must(t, err)
			policy, err := ada.CountLiveTokens(t.Context())
			if must(t, err); own != want || all != want || policy != want.Live {
				t.Errorf("%v: counted %+v, %+v and %d, want %+v", change, own, all, policy, want)
			}
		}
	})
}

// asked are the queries that narrow a list to a state.
func asked(sort string) []models.TokenQuery {
	list := []models.TokenQuery{{Sort: sort, Live: true}, {Sort: sort, Before: noon.AddDate(0, 0, 7)}}
	for _, status := range statuses {
		list = append(list, models.TokenQuery{Sort: sort, Status: status})
	}
	return list
}

// those are the tokens that a query is for, by their names in order.
func those(tokens []models.Token, q models.TokenQuery, p models.Policy) (names []string) {
	for _, t := range tokens {
		status := t.Status(p, noon)
		live := status == models.Active || status == models.Pending
		switch {
		case q.Live && !live, q.Status != "" && q.Status != status:
		case !q.Before.IsZero() && (!live || t.ExpiresAt == nil || t.ExpiresAt.After(q.Before)):
		default:
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names
}

// walked are the names of all pages put together, in order.
func walked(t *testing.T, q models.TokenQuery, page func(models.TokenQuery) (models.List[models.Token], error)) (names []string) {
	t.Helper()
	q.Limit = 17
	for {
		list, err := page(q)
		must(t, err)
		names = append(names, tokenNames(list.Items)...)
		if q.Cursor = list.Next; q.Cursor == "" {
			slices.Sort(names)
			return names
		}
	}
}

// indexes are what serves each order, for the list of a user and the tenant's.
var indexes = map[string][2]string{
	"created": {"tokens_of_user", "tokens_of_tenant"},
	"name":    {"tokens_by_name", "tenant_tokens_by_name"},
	"expires": {"tokens_by_end", "tenant_tokens_by_end"},
}

// among is an administrator among others who have tokens too.
func among(t *testing.T, s *models.Store, others int) *models.Access {
	t.Helper()
	modelstest.Tenant(t, s, "acme")
	for i := range others {
		must(t, models.Fill(t.Context(), s, tokensOf(modelstest.Member(t, s, "acme", fmt.Sprintf("member%d", i)), 100)))
	}
	ada := modelstest.Member(t, s, "acme", "ada", models.Admin)
	must(t, models.Fill(t.Context(), s, tokensOf(ada, 100)))
	must(t, s.Analyze(t.Context(), "tokens"))
	return ada
}

// A page costs what is on it, however long the list is: an index has the order,
// the page begins where the cursor says, and nothing is sorted.
func TestAnIndexHasEachOrder(t *testing.T) {
	modelstest.EachAt(t, func() time.Time { return noon }, func(t *testing.T, s *models.Store) {
		ada := among(t, s, 20)
		for order, index := range indexes {
			for _, q := range slices.Concat([]models.TokenQuery{{Sort: order}, {Sort: "-" + order}}, asked(order), asked("-"+order)) {
				if q.Status == models.Pending {
					continue // few are, and tokens_to_come finds them
				}
				for i, list := range []func(models.TokenQuery) (models.List[models.Token], error){
					func(q models.TokenQuery) (models.List[models.Token], error) { return ada.Tokens(t.Context(), q) },
					func(q models.TokenQuery) (models.List[models.Token], error) { return ada.TenantTokens(t.Context(), q) },
				} {
					q := q
					for q.Limit = 2; ; {
						var page models.List[models.Token]
						var err error
						for _, statement := range s.Statements(t, "tokens", func() { page, err = list(q) }) {
							checkPlan(t, s, statement, index[i], q.Cursor != "")
						}
						must(t, err)
						if q.Cursor != "" || page.Next == "" {
							break
						}
						q.Cursor = page.Next
					}
				}
			}
		}
	})
}

// checkPlan fails the test unless the index has the order, and the place of the
// cursor is searched for.
func checkPlan(t *testing.T, s *models.Store, statement, index string, cursor bool) {
	t.Helper()
	plan := s.Plan(t, statement, "sort")
	_, condition, uses := strings.Cut(plan, " "+index+" ")
	searches := strings.Contains(condition, ">?") || strings.Contains(condition, "<?")
	if s.Dialect() == migrations.Postgres {
		_, condition, _ = strings.Cut(plan, "Index Cond:")
		condition, _, _ = strings.Cut(condition, "\n")
		searches = strings.Contains(condition, "ROW(")
	}
	if !uses || strings.Contains(plan, "Sort") || strings.Contains(plan, "TEMP B-TREE") || cursor && !searches {
		t.Errorf("%s\nis answered by\n%s\nnot in the order of %s", statement, plan, index)
	}
}

// The counts of a page are read from indexes alone. PostgreSQL decides by how
// much there is, which in a test is little.
func TestCountsReadNoRows(t *testing.T) {
	s := modelstest.OpenAt(t, modelstest.SQLite(t), func() time.Time { return noon })
	ada := among(t, s, 1)
	for _, lifetime := range []any{nil, 30} {
		must(t, s.Across(t.Context()).Model(&models.Policy{}).Where("tenant_id = ?", ada.Tenant().ID).Update("max_lifetime_days", lifetime).Error)
		ada = modelstest.As(t, s, "acme", "ada")
		statements := s.Statements(t, "tokens", func() {
			_, err := ada.CountTokens(t.Context())
			must(t, err)
			_, err = ada.CountTenantTokens(t.Context())
			must(t, err)
			_, err = ada.CountLiveTokens(t.Context())
			must(t, err)
		})
		if len(statements) != 9 {
			t.Errorf("%d counts, want 9", len(statements))
		}
		for _, statement := range statements {
			if plan := s.Plan(t, statement); !strings.Contains(plan, "COVERING INDEX") {
				t.Errorf("%s\nis answered by\n%s\nwhich reads rows", statement, plan)
			}
		}
	}
}
