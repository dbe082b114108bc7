package views

// href is the address of the list with another order, or with inactive tokens
// shown or hidden, and the filters as they are.
func (p TenantTokensPage) href(sort, inactive string) string {
	return query(p.Frame.to("tenant-tokens"), "q", p.Query, "username", p.Username,
		"status", p.Status, "sort", sort, "inactive", inactive)
}

// sorted is the address of the list in another order.
func (p TenantTokensPage) sorted(by string) string {
	inactive := ""
	if p.Inactive {
		inactive = "1"
	}
	return p.href(by, inactive)
}

// direction says how a column is sorted, or nothing if it is another one.
func (p TenantTokensPage) direction(column string) string {
	switch {
	case p.Sort != column:
		return ""
	case column == "name" || column == "expires":
		return "ascending"
	}
	return "descending"
}

func (p TenantTokensPage) filtered() bool {
	return p.Query != "" || p.Username != "" || p.Status != "" || p.InactiveCount > 0
}

func (t TenantTokenRow) ended() bool {
	return t.Status == "revoked" || t.Status == "expired"
}

// withIt says which tokens end with their parent.
func withIt(children int) string {
	if children == 1 {
		return "1 token that it created is revoked with it."
	}
	return number(children) + " tokens that it created are revoked with it."
}
