package web_test

import (
	"strings"
	"testing"
	"time"
)

func TestTenantTokens(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		same(t, "all of the tenant", sc.root.lists("/tenant-tokens?sort=name").column("username"), []string{"ada", "bo", "root"})
		same(t, "of one member", sc.root.lists("/tenant-tokens?username=BO").column("id"), []string{sc.bo.id})
		same(t, "of nobody here", sc.root.lists("/tenant-tokens?username=eve").Items, []object{})
		same(t, "of nobody at all", sc.root.lists("/tenant-tokens?username=%20").Items, []object{})
		same(t, "by name", sc.root.lists("/tenant-tokens?q=ada%27s&status=active").column("id"), []string{sc.ada.id})
		same(t, "not of another tenant", sc.root.lists("/tenant-tokens?q=eve").Items, []object{})

		sc.root.succeeds("DELETE", "/tenant-tokens/"+sc.bo.id, "", 204)
		sc.root.succeeds("DELETE", "/tenant-tokens/"+sc.bo.id, "", 204)
		same(t, "why it does not work", sc.bo.dead(), "The token was revoked.")
		same(t, "the revoked", sc.root.lists("/tenant-tokens?status=revoked").column("id"), []string{sc.bo.id})
		sc.root.fails("DELETE", "/tenant-tokens/"+sc.eve.id, "", 404, "not_found")
		sc.eve.gets("/me")
	})
}

func TestPolicy(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		dialects := object{"apinizer": true, "purewl": true, "password": true, "wepay": true, "wps": true}
		grants := object{"authorization_code": true, "client_credentials": true, "refresh_token": true, "device_code": true}
		policy := object{"allow_never": true, "max_lifetime_days": nil, "max_tokens_per_user": 5000.0, "tokens_by_token": true, "contact_text": "",
			"reviewed_issue": false, "admin_only_revocation": false, "dialects": dialects, "grants": grants}
		same(t, "the policy of a new tenant", sc.root.gets("/policy"), policy)
		same(t, "with nothing changed", sc.root.succeeds("PATCH", "/policy", `{}`, 200), policy)
		policy["max_lifetime_days"], policy["contact_text"] = 90.0, "Ask Rosa."
		same(t, "changed", sc.root.succeeds("PATCH", "/policy", `{"max_lifetime_days":90,"contact_text":" Ask Rosa. "}`, 200), policy)
		same(t, "read back", sc.root.gets("/policy"), policy)
		policy["max_lifetime_days"] = nil
		same(t, "without a limit again", sc.root.succeeds("PATCH", "/policy", `{"max_lifetime_days":null}`, 200), policy)
		policy = object{"allow_never": true, "max_lifetime_days": 36500.0, "max_tokens_per_user": 1.0, "tokens_by_token": false, "contact_text": "",
			"reviewed_issue": true, "admin_only_revocation": true, "dialects": dialects, "grants": grants}
		dialects["password"], grants["device_code"] = false, false
		same(t, "all at once", sc.root.succeeds("PATCH", "/policy", `{"allow_never":true,"max_lifetime_days":36500,"max_tokens_per_user":1,
			"tokens_by_token":false,"contact_text":"","reviewed_issue":true,"admin_only_revocation":true,
			"dialects":{"password":false,"wps":true},"grants":{"device_code":false}}`, 200), policy)
		dialects["password"], dialects["wepay"] = true, false
		same(t, "switch by switch", sc.root.succeeds("PATCH", "/policy", `{"dialects":{"wepay":false,"password":true},"grants":{}}`, 200), policy)
		same(t, "what the log says", sc.root.lists("/audit-events?action=policy.changed&limit=1").Items[0]["after"], any(object{"switched_off": "wepay device_code"}))
		same(t, "another tenant keeps its own", sc.eve.gets("/policy")["max_lifetime_days"], any(nil))
	})
}

func TestAuditEvents(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		sc.clock.Add(time.Hour)
		_, child := sc.ada.creates(`{"name":"deploy","expires_at":null}`)
		sc.clock.Add(time.Hour)
		sc.ada.succeeds("DELETE", "/tokens/"+child.id, "", 204)
		for range 3 {
			sc.ada.fails("GET", "/audit-events", "", 403, "insufficient_scope")
		}
		child.dead()

		made := sc.root.lists("/audit-events?action=token.created&actor=Ada").Items
		if len(made) != 1 {
			t.Fatalf("%d tokens were created by ada with a token", len(made))
		}
		id, _ := made[0]["id"].(string)
		same(t, "the event", made[0], object{"id": id, "at": "2026-10-12T15:20:00.123456Z", "action": "token.created", "outcome": "allowed",
			"actor": "ada", "actor_id": sc.as(t, "ada").User().ID, "token_id": sc.ada.id, "client_ip": "192.0.2.1", "subject": child.id, "count": 1.0,
			"before": nil, "after": object{"name": "deploy", "hint": "lkpat…" + child.token[39:], "scopes": "*", "expires_at": "never", "parent_id": sc.ada.id}})

		refused := sc.root.lists("/audit-events?action=request.refused").Items
		if len(refused) != 1 || refused[0]["count"] != 3.0 || refused[0]["outcome"] != "refused" || refused[0]["subject"] != "audit:read" {
			t.Errorf("refusals alike: %v", refused)
		}
		same(t, "a token that did not work", sc.root.lists("/audit-events?action=token.refused").column("token_id"), []string{child.id})
		same(t, "newest first", sc.root.lists("/audit-events?actor=ada&since=2026-10-12T15:00:00Z&until=2026-10-12").column("action")[2:], []string{"token.revoked", "token.created"})
		same(t, "since then", len(sc.root.lists("/audit-events?actor=ada&action=token.revoked&since=2026-10-12T16:20:00.123456Z").Items), 1)
		same(t, "until then", len(sc.root.lists("/audit-events?action=token.revoked&until=2026-10-12T16:20:00.123456Z").Items), 0)
		same(t, "on that day", len(sc.root.lists("/audit-events?action=token.revoked&since=2026-10-12&until=2026-10-12").Items), 1)
		same(t, "the day before", sc.root.lists("/audit-events?until=2026-10-11").Items, []object{})
		same(t, "by the command line", sc.root.lists("/audit-events?actor=command%20line&limit=1").Items[0]["actor_id"], any(nil))

		all := sc.root.send("GET", "/audit-events?limit=100", "").Body.String()
		for _, leak := range []string{child.token, child.token[5:37], sc.eve.id, `"eve"`, `"other"`, "password"} {
			if strings.Contains(all, leak) {
				t.Errorf("the audit log tells %q: %s", leak, all)
			}
		}
	})
}
