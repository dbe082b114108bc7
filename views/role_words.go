package views

// rightsOf makes rights of patterns, for a table that names no roles.
func rightsOf(patterns []string) []Right {
	rights := make([]Right, len(patterns))
	for i, p := range patterns {
		rights[i] = Right{Scope: p, Roles: []string{}}
	}
	return rights
}

func holdersWords(n int) string {
	switch n {
	case 0:
		return "Nobody holds this role"
	case 1:
		return "1 member holds this role"
	}
	return number(n) + " members hold this role"
}

// holderState is what stands under the name of a holder.
func holderState(h RoleHolder) string {
	switch {
	case h.Invited:
		return "invited"
	case h.Disabled:
		return "disabled"
	case h.LiveTokens == 0:
		return "no live tokens"
	}
	return count(h.LiveTokens, "live token")
}

func losing(members int) string {
	if members == 1 {
		return "1 member loses what it gives at once."
	}
	return number(members) + " members lose what it gives at once."
}

func narrowing(tokens int) string {
	if tokens == 1 {
		return "Their 1 live token narrows with them."
	}
	return "Their " + number(tokens) + " live tokens narrow with them."
}

func invitedWith(n int) string {
	if n == 1 {
		return "1 open invitation names this role and goes on without it."
	}
	return number(n) + " open invitations name this role and go on without it."
}
