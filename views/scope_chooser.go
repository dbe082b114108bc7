package views

// A ScopeForm is the part of a form that says what something may do.
type ScopeForm struct {
	Legend            string
	All, Read, Chosen ScopeAnswer
	May               string // "all", "read", "chosen" or "" for no choice yet
	Groups            []ScopeGroup
	Extra             string // further patterns, as typed
	Problems          Problems
}

// A ScopeAnswer is one of the answers, with what it means.
type ScopeAnswer struct{ Label, Hint string }

// scopes is what the new token may do.
func (p NewTokenPage) scopes() ScopeForm {
	return ScopeForm{Legend: "What it may do", May: p.may(), Groups: p.Groups, Extra: p.ExtraScopes, Problems: p.problems(),
		All:    ScopeAnswer{"Everything I can do", "It follows your roles. It cannot create tokens."},
		Read:   ScopeAnswer{"Read only", "It sees what you see and changes nothing."},
		Chosen: ScopeAnswer{"Only what I choose", "The safest choice for one job."}}
}
