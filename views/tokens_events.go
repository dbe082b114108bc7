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

// alone is the sentence when nobody was proved: whoever held the token was not
// let in, so it has no actor.
func (e TokenEvent) alone() string {
	if e.What == "" && e.verb() == "refused" {
		return "A request was refused"
	}
	return "Somebody " + e.words()
}

// rest is what stands behind the time: from where, and how often.
func (e TokenEvent) rest() string {
	rest := before(", from ", e.Address)
	if e.Count > 1 {
		rest += ", " + count(e.Count, "time")
	}
	return rest
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
