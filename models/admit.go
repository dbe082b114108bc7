package models

import (
	"slices"
	"strings"
)

// A Demand is what a proxy asks of a caller on behalf of what stands behind it
// (contract 8). The zero Demand asks for a valid token and no more.
type Demand struct {
	Scopes string // all needed, with spaces between
	Role   string // that the caller must hold
	Tenant string // slug of the tenant that the caller must be in
}

// Admit refuses a caller who does not meet a demand, and records the refusal.
// A demand that nobody could meet, because it is not well formed, is a
// BadRequest: whoever configured it should hear of it.
func (a *Access) Admit(d Demand) error {
	for _, complaint := range d.problems() {
		return errorf(BadRequest, "%s", complaint)
	}
	if err := a.requireAll(scopes(strings.Fields(d.Scopes))); err != nil {
		return err
	}
	switch {
	case d.Role != "" && !slices.Contains(a.roles, d.Role):
		return a.refuse(d.Role, "This needs the role "+d.Role+".")
	case d.Tenant != "" && d.Tenant != a.tenant.Slug:
		return a.refuse("tenant "+clip(d.Tenant, 63), "The token belongs to another tenant.")
	}
	return nil
}

// problems are the complaints about a demand that nobody could meet, nil for
// none.
func (d Demand) problems() (problems map[string]string) {
	for s := range strings.FieldsSeq(d.Scopes) {
		if scope := Scope(s); !scope.valid() || scope.IsPattern() {
			problems = map[string]string{"scope": "Write scope as resource:action, several with spaces between."}
			break
		}
	}
	if d.Role != "" && !rolePattern.MatchString(d.Role) {
		if problems == nil {
			problems = map[string]string{}
		}
		problems["role"] = "Write role as ROLE_ and capital letters."
	}
	return problems
}

// requireAll refuses a caller who lacks one of the scopes, and tells all that
// are needed: whoever makes a token for it needs the whole list.
func (a *Access) requireAll(needed []Scope) error {
	for _, s := range needed {
		if err := a.Require(s); err != nil {
			return &Error{Kind: Forbidden, Scope: Scope(strings.Join(words(needed), " ")), Message: "This needs the scope " + string(s) + "."}
		}
	}
	return nil
}

// refuse records that the caller lacks something that is no scope.
func (a *Access) refuse(lacks, message string) error {
	a.store.refusals.note(a, Scope(lacks))
	a.refused()
	return errorf(Forbidden, "%s", message)
}
