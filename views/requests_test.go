package views_test

import (
	"time"

	"github.com/a-h/templ"

	"latchkey/views"
)

// aRequest is a request for a token in a state.
func aRequest(status string) views.RequestFacts {
	return views.RequestFacts{RequestRow: views.RequestRow{ID: "req_1", Name: "parts", Username: "bob", Status: status,
		Reason: "Orders parts at night.\nRuns in the back office.", Scopes: []string{"parts:order", "projects:read"},
		Asked: ago(2 * time.Hour), Expires: now.Add(days(90))}, CIDRs: []string{"203.0.113.0/24"}}
}

func decided(status, by string) views.RequestFacts {
	r := aRequest(status)
	r.Reviewer, r.Decided = by, ago(time.Hour)
	return r
}

func evilRequest(evil string) views.RequestFacts {
	r := decided("denied", evil)
	r.Name, r.Username, r.Reason, r.Scopes, r.Answer = evil, evil, evil, []string{evil}, evil
	return r
}

// requestPages is what a member sees of their requests.
func requestPages(f views.Frame) map[string]templ.Component {
	f.Reviews = true
	approved, picked, denied := decided("approved", "ada"), decided("picked-up", "ada"), decided("denied", "command line")
	approved.Approved, picked.TokenID, denied.Answer = []string{"projects:read"}, "tok_1", "Ask for less."
	form := views.RequestTokenPage{NewTokenPage: views.NewTokenPage{Frame: f, AllowNever: true, Groups: []views.ScopeGroup{
		{Scopes: []views.ScopeChoice{{Scope: "projects:read", Description: "See projects"}}}}}}
	refused := form
	refused.Name, refused.Problems = "parts", views.Problems{"reason": "Write something here."}
	rows := []views.RequestRow{approved.RequestRow, denied.RequestRow, aRequest("waiting").RequestRow}
	one := func(r views.RequestFacts) templ.Component {
		return views.TokenRequest(views.TokenRequestPage{Frame: f, Request: r, MayAsk: true, Contact: "Ask Ada Obi."})
	}
	asked := views.ProfilePage{Frame: f, MayCreate: true, Approved: rows[:1]}
	return map[string]templ.Component{
		"requests":          views.TokenRequests(views.TokenRequestsPage{Frame: f, Rows: rows, MayAsk: true, Page: views.Page{From: 1, To: 3, Total: 3}}),
		"requests_none":     views.TokenRequests(views.TokenRequestsPage{Frame: f, Query: "x", MayAsk: true}),
		"requests_empty":    views.TokenRequests(views.TokenRequestsPage{Frame: f, MayAsk: true}),
		"requests_off":      views.TokenRequests(views.TokenRequestsPage{Frame: f}),
		"request_new":       views.RequestToken(form),
		"request_refused":   views.RequestToken(refused),
		"request_waiting":   one(aRequest("waiting")),
		"request_approved":  one(approved),
		"request_denied":    one(denied),
		"request_picked_up": one(picked),
		"request_withdrawn": one(aRequest("withdrawn")),
		"request_expired":   one(aRequest("expired")),
		"request_too_late":  views.TokenRequest(views.TokenRequestPage{Frame: f, Request: picked, Problem: "The token was picked up already."}),
		"profile_reviewed":  views.Profile(asked),
	}
}

// reviewPages is what those see who decide.
func reviewPages(f views.Frame) map[string]templ.Component {
	f.Reviews = true
	waiting := aRequest("waiting")
	page := func(r views.RequestFacts) views.ReviewRequestPage {
		return views.ReviewRequestPage{Frame: f, Request: r, CanDecide: true, KnowsRoles: true, May: "chosen"}
	}
	decide, own, refused := page(waiting), page(waiting), page(waiting)
	decide.Roles = []string{"ROLE_MANAGE_PROXIES"}
	decide.Sets = []views.ScopeSet{{Title: "Asked for", Scopes: []views.ScopeChoice{{Scope: "parts:order", Chosen: true}, {Scope: "projects:read", Description: "See projects", Chosen: true}}}}
	own.Own, own.CanDecide = true, false
	refused.Extra, refused.Problems = "no scope", views.Problems{"extra_scopes": "Write each scope as resource:action, such as invoices:read."}
	undenied := page(waiting)
	undenied.DenyProblems = views.Problems{"reason": "Write something here."}
	return map[string]templ.Component{
		"review":           views.Review(views.ReviewPage{Frame: f, Status: "any", Rows: []views.RequestRow{waiting.RequestRow, decided("denied", "ada").RequestRow}, Page: views.Page{From: 1, To: 2, Total: 2}}),
		"review_empty":     views.Review(views.ReviewPage{Frame: f, Status: "waiting"}),
		"review_none":      views.Review(views.ReviewPage{Frame: f, Status: "denied"}),
		"review_decide":    views.ReviewRequest(decide),
		"review_own":       views.ReviewRequest(own),
		"review_refused":   views.ReviewRequest(refused),
		"review_undenied":  views.ReviewRequest(undenied),
		"review_approved":  views.ReviewRequest(page(decided("approved", "ada"))),
		"review_picked_up": views.ReviewRequest(page(decided("picked-up", "ada"))),
		"review_denied":    views.ReviewRequest(page(decided("denied", "command line"))),
		"review_withdrawn": views.ReviewRequest(page(aRequest("withdrawn"))),
		"review_too_late":  views.ReviewRequest(views.ReviewRequestPage{Frame: f, Request: decided("approved", "ada"), Problem: "This request is approved already."}),
		"review_expired":   views.ReviewRequest(page(aRequest("expired"))),
	}
}
