package views

import "strings"

// words are what was done, after the name of who did it.
func (e TokenEvent) words() string {
	if e.What != "" {
		return e.What
	}
	switch e.verb() {
	case "created":
		return "created the token"
	case "changed", "updated":
		return "changed the name or the description"
	case "revoked":
		return "revoked the token"
	case "refused":
		return "was refused"
	}
	return "did " + e.Action
}

// who did it. A refusal has no actor: whoever held the token was not let in.
func (e TokenEvent) who() string {
	if e.Actor == "" {
		return "Somebody"
	}
	return e.Actor
}

func (e TokenEvent) drawing() string {
	switch e.verb() {
	case "created":
		return "plus"
	case "revoked":
		return "trash-2"
	case "refused":
		return "shield-alert"
	}
	return "pencil"
}

func (e TokenEvent) verb() string {
	_, verb, _ := strings.Cut(e.Action, ".")
	return verb
}
