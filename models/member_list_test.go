package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// However many members there are and however many hold a role or are disabled,
// the pages of a list are those who are asked for, and the total counts them.
func TestManyMembersAreNarrowedAsFewAre(t *testing.T) {
	for what, sets := range map[string]int{"few sets of roles": 3, "many sets of roles": 70} {
		t.Run(what, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, s *models.Store) {
				modelstest.Tenant(t, s, "acme")
				root := modelstest.Member(t, s, "acme", "root", models.Admin)
				members := append(crowd(t, s, root, sets), models.MemberRow{Username: "root", Roles: models.Words{models.Admin}})
				for _, role := range []string{"", "ROLE_COMMON", "ROLE_RARE", "ROLE_COMMO", models.Admin} {
					for _, status := range []string{"", models.MemberActive, models.MemberDisabled} {
						for _, search := range []string{"", "00", "ROOT", "É"} {
							checkMembers(t, root, members, models.MemberQuery{Role: role, Status: status, Search: search})
						}
					}
				}
				only, err := root.OnlyAdministrator(t.Context())
				if must(t, err); only != "root" {
					t.Errorf("the only administrator is %q", only)
				}
			})
		})
	}
}

// crowd makes more members than are sorted at once. Nearly all hold ROLE_COMMON,
// and a few are disabled, here or everywhere.
func crowd(t *testing.T, s *models.Store, in *models.Access, sets int) (rows []models.MemberRow) {
	t.Helper()
	const n = models.FewMembers + 500
	now := time.Now().UTC().Truncate(time.Second)
	users, members := make([]models.User, n), make([]models.Member, n)
	for i := range n {
		m := models.MemberRow{UserID: models.NewID("usr"), Username: fmt.Sprintf("m%06d", i*7919%n), DisplayName: fmt.Sprintf("Éva %d", i),
			Roles: models.Words{"ROLE_COMMON", fmt.Sprintf("ROLE_X%d", i%sets)}, Disabled: i%40 == 0, UserDisabled: i%77 == 0}
		if i%100 == 3 {
			m.Roles = models.Words{"ROLE_RARE"}
		}
		users[i] = models.User{ID: m.UserID, Username: m.Username, DisplayName: m.DisplayName, Kind: models.Person, TimeZone: "UTC", CreatedAt: now}
		members[i] = models.Member{TenantID: in.Tenant().ID, UserID: m.UserID, Username: m.Username, Roles: m.Roles, CreatedAt: now}
		if m.Disabled {
			members[i].DisabledAt = &now
		}
		if m.UserDisabled {
			users[i].DisabledAt = &now
		}
		rows = append(rows, m)
	}
	must(t, models.Fill(t.Context(), s, users))
	must(t, models.Fill(t.Context(), s, members))
	must(t, s.Analyze(t.Context(), "users, members"))
	return rows
}

// checkMembers goes forth three pages and back again.
func checkMembers(t *testing.T, root *models.Access, members []models.MemberRow, q models.MemberQuery) {
	t.Helper()
	var want []string
	for _, m := range members {
		text := strings.ToLower(m.Username + " " + m.DisplayName)
		off := m.Disabled || m.UserDisabled
		if (q.Role == "" || slices.Contains(m.Roles, q.Role)) && strings.Contains(text, strings.ToLower(q.Search)) &&
			(q.Status == "" || off == (q.Status == models.MemberDisabled)) {
			want = append(want, m.Username)
		}
	}
	slices.Sort(want)
	q.Limit = 40
	var first string
	for i := range 3 {
		list, total, err := root.Members(t.Context(), q)
		must(t, err)
		page := want[min(i*40, len(want)):min(i*40+40, len(want))]
		if got := names(list.Items); got != strings.Join(page, " ") || int(total) != len(want) {
			t.Errorf("%+v: page %d is %q of %d, want %q of %d", q, i, got, total, page, len(want))
		}
		if i == 1 {
			first = list.Prev
		}
		if q.Cursor = list.Next; q.Cursor == "" {
			break
		}
	}
	if q.Cursor = first; first != "" {
		list, _, err := root.Members(t.Context(), q)
		if must(t, err); names(list.Items) != strings.Join(want[:40], " ") {
			t.Errorf("%+v: back on the first page is %q, want %q", q, names(list.Items), want[:40])
		}
	}
}
