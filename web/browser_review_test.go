package web_test

import (
	"net/http"
	"testing"
	"time"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// requests sets up the tenant "dealers", where ada and bo asked for tokens that
// met every fate, and "quiet", where nobody asked for any.
func (w *workplace) requests(t *testing.T) {
	t.Helper()
	w.clock.Set(time.Now().AddDate(0, 0, -3))
	yes, contact := true, "Call the dealer desk, extension 12."
	for _, slug := range []string{"dealers", "quiet"} {
		modelstest.Tenant(t, w.store, slug)
		root := modelstest.In(t, w.store, slug)
		must(t, root.AddMember(t.Context(), "ada", []string{models.Admin}))
		_, err := root.ChangePolicy(t.Context(), models.PolicyChange{ReviewedIssue: &yes, AdminOnlyRevocation: &yes, ContactText: &contact})
		must(t, err)
	}
	root := modelstest.In(t, w.store, "dealers")
	must(t, root.AddMember(t.Context(), "bo", []string{"ROLE_MANAGE_PROXIES"}))
	approves := func(id string, patterns ...string) { must(t, root.ApproveRequest(t.Context(), id, patterns)) }
	w.asks(t, "ada", "waits", "*")
	approves(w.asks(t, "ada", "approved", "*:read"), "*:read")
	approves(w.asks(t, "ada", "narrowed", "*"), "projects:read", "parts:order")
	must(t, root.DenyRequest(t.Context(), w.asks(t, "ada", "denied", "*"), "Everything is too much for a price list.\nAsk for prices:read."))
	picked := w.asks(t, "ada", "picked up", "projects:read")
	approves(picked, "projects:read")
	ada := modelstest.As(t, w.store, "dealers", "ada")
	_, _, err := ada.PickUp(t.Context(), picked)
	must(t, err)
	must(t, ada.WithdrawRequest(t.Context(), w.asks(t, "ada", "withdrawn", "*")))
	w.asks(t, "ada", "expired", "*")
	w.asks(t, "bo", "parts", "projects:read", "parts:order", "proxies:*")
	w.asks(t, "bo", "everything", "*")
	approves(w.asks(t, "bo", "yes", "*"), "*:read")
}

func (w *workplace) asks(t *testing.T, username, name string, patterns ...string) (id string) {
	t.Helper()
	end := models.ExpiresOn(day(90))
	if name == "expired" {
		end = models.ExpiresOn(day(-1))
	}
	r, err := modelstest.As(t, w.store, "dealers", username).RequestToken(t.Context(), models.NewTokenRequest{Name: name,
		Reason: "Orders parts for the workshop every night, from the server in the back office.", Scopes: patterns, Expires: end})
	must(t, err)
	w.ids[name] = r.ID
	return r.ID
}

// What WPS promises its dealers, in a browser: a member requests a token, an
// administrator approves it with less, the member picks it up once, it works,
// the member cannot revoke it, and the administrator can.
func TestTheStoryOfAReviewedToken(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		bo := w.tab(t)
		bo.signIn("bo", passphrase)
		bo.open("/t/dealers/profile")
		bo.find("region", "Personal API Access Tokens").find("link", "Request a token").follow()
		bo.find("textbox", "Token Name").fill("price list")
		bo.find("textbox", "What it is for").fill("Reads prices for the shop window.")
		bo.click("radio", "Never Expires")
		same(t, "the answer", bo.follow("button", "Send request"), http.StatusOK)
		bo.says("Nobody has decided yet.")

		ada.open("/t/dealers/profile")
		ada.goes("Review")
		ada.follow("link", "price list")
		ada.says("bo asks for this token")
		ada.click("radio", "Only what I choose")
		ada.click("checkbox", "profile:read See your own profile")
		ada.follow("button", "Approve")
		ada.says("The request price list of bo is approved.")

		bo.open("/t/dealers/profile")
		bo.says("Your requests price list and yes are approved.")
		bo.open("/t/dealers/token-requests?q=price")
		bo.follow("link", "Pick up price list")
		bo.says("It may do something else than you asked for.")
		same(t, "the answer to picking up", bo.follow("button", "Pick up the token"), http.StatusCreated)
		token := bo.find("textbox", "Your token").value()
		bo.says("export LATCHKEY_TOKEN=" + token)
		bo.sound()
		want(t, do(t, w.server, "GET", "/api/v1/me", token, ""), 200, "")
		want(t, do(t, w.server, "GET", "/api/v1/tokens", token, ""), 403, "insufficient_scope")
		bo.follow("link", "I have stored it")
		bo.keeps(token)
		bo.back()
		bo.keeps(token)
		same(t, "the answer to the same form", bo.reload(), http.StatusConflict)
		bo.says("The token was picked up already")
		bo.keeps(token)

		want(t, do(t, w.server, "DELETE", "/api/v1/tokens/current", token, ""), 403, "forbidden")
		ada.open("/t/dealers/tenant-tokens")
		ada.follow("link", "Revoke price list of bo")
		ada.find("dialog", "Revoke price list of bo?").find("button", "Revoke").follow()
		want(t, do(t, w.server, "GET", "/api/v1/me", token, ""), 401, "invalid_token")
		bo.quiet()
	})
}
