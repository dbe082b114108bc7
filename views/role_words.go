package views

// title is the name of the role, or what the form is for.
func (p RolePage) title() string {
	if p.New {
		return "New role"
	}
	return p.Role
}

// given is what a role gives, as lines that name no roles.
func given(patterns []string) []rightRow {
	rights := make([]Right, len(patterns))
	for i, p := range patterns {
		rights[i].Scope = p
	}
	rows := rightRows(rights)
	for i := range rows {
		rows[i].quiet = true
	}
	return rows
}

func holdersWords(n int64) string {
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

func invitedWith(n int64) string {
	if n == 1 {
		return "1 open invitation gives it. Withdraw that one first."
	}
	return number(n) + " open invitations give it. Withdraw them first."
}
