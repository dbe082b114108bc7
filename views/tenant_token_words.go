package views

import "cmp"

// href is the address of the list as it is.
func (p TenantTokensPage) href() string {
	var soon, inactive string
	if p.Filter.Soon {
		soon = "7d"
	}
	if p.Filter.Inactive {
		inactive = "1"
	}
	return query(p.Frame.to("tenant-tokens"), "q", p.Filter.Query, "username", p.Username,
		"status", p.Filter.Status, "kind", p.Filter.Kind, "sort", p.Filter.Sort, "expires", soon, "inactive", inactive)
}

// sorted is the address of the same list in another order.
func (p TenantTokensPage) sorted(by string) string {
	p.Filter.Sort = by
	return p.href()
}

// inactive is the address of the same list with the dead ones or without.
func (p TenantTokensPage) inactive(show bool) string {
	p.Filter.Inactive = show
	return p.href()
}

// soon is the address of the same list with only those that expire soon.
func (p TenantTokensPage) soon(only bool) string {
	p.Filter.Soon = only
	return p.href()
}

func (p TenantTokensPage) filtered() bool {
	return p.Username != "" || p.Filter.narrowed() || p.InactiveCount > 0
}

// byAge says whether the list has a column for when a token was created. There
// is room for it only when it is what the list is sorted by.
func (p TenantTokensPage) byAge() bool { return p.Filter.by() == "created" }

// whose is the member who owns the token, or the application that it is of.
func (t TenantTokenRow) whose() string { return cmp.Or(t.Owner, t.Application, "an application") }

func (t TenantTokenRow) ended() bool {
	return t.Status == "revoked" || t.Status == "expired"
}

// withIt says which tokens end with their parent.
func withIt(children int64) string {
	if children == 1 {
		return "1 token that it created is revoked with it."
	}
	return number(children) + " tokens that it created are revoked with it."
}
