package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"latchkey/models"
	"latchkey/models/modelstest"
)

// What somebody may type instead of a name.
var markup = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`</textarea></title><svg onload=alert(1)>`,
	`' onmouseover='alert(1)' autofocus onfocus='alert(1)`,
	`{{constructor.constructor('alert(1)')()}} ${alert(1)} &lt;b&gt;`,
	`javascript:alert(1)//%0a<iframe srcdoc="<script>parent.alert(1)</script>">`,
}

func TestStoredMarkupIsText(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		a := modelstest.As(t, w.store, "acme", "ada")
		for _, text := range markup {
			token, _ := modelstest.Token(t, a, models.NewToken{Name: text, Description: text})
			must(t, a.ChangeAccount(t.Context(), models.Account{DisplayName: text, Email: "ada@example.com", TimeZone: "UTC"}))
			about := text
			_, err := a.ChangeRole(t.Context(), "ROLE_BILLING", models.RoleChange{Description: &about})
			must(t, err)
			ada.open("/t/acme/tokens/" + token.ID)
			same(t, "the heading", script[string](ada, `document.querySelector("h1").textContent`), text)
			ada.open("/t/acme/tokens/" + token.ID + "/edit")
			same(t, "the name", ada.find("textbox", "Token Name").value(), text)
			same(t, "the description", ada.find("textbox", "Description optional").value(), text)
			for _, path := range []string{"/profile", "/tenant-tokens", "/members", "/members/ada", "/members/access", "/roles", "/roles/ROLE_BILLING", "/audit"} {
				ada.open("/t/acme" + path)
				if !strings.Contains(script[string](ada, "document.body.textContent"), text) {
					t.Errorf("%s does not say %s", path, text)
				}
				same(t, "elements that nobody wrote", script[int](ada, `document.querySelectorAll("script:not([src]), [onerror], [onload], [onfocus], iframe, img").length`), 0)
			}
			ada.open("/t/acme/profile?q=" + token.Hint[len(token.Hint)-4:])
			ada.click("link", "Revoke "+text)
			ada.find("dialog", "Revoke "+text+"?").find("button", "Revoke").follow()
			ada.says("The token " + text + " is revoked.")
			ada.quiet()
		}
	})
}

// Names as long as they may be, without a place to break them.
func TestLongNamesStayInTheirPlace(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, w *workplace, ada *tab) {
		long := strings.Repeat("W", 100)
		a := modelstest.As(t, w.store, "acme", "ada")
		must(t, a.ChangeAccount(t.Context(), models.Account{DisplayName: long, Email: "ada@example.com", TimeZone: "UTC"}))
		role := "ROLE_" + strings.Repeat("W", 59)
		_, err := a.CreateRole(t.Context(), models.NewRole{Name: role, Description: long, Scopes: []string{strings.Repeat("w", 40) + ":read"}})
		must(t, err)
		modelstest.Person(t, w.store, "acme", strings.Repeat("w", 60), passphrase, role)
		token, _ := modelstest.Token(t, a, models.NewToken{Name: long, Description: long})
		ada.goodWidths("/profile", "/tokens/"+token.ID, "/tokens/"+token.ID+"/edit", "/tokens/"+token.ID+"/revoke", "/tokens/new",
			"/members", "/members/ada", "/members/"+strings.Repeat("w", 60), "/members/access", "/members/invite", "/roles",
			"/roles/"+role, "/roles/"+role+"/delete", "/roles/new", "/tenant-tokens", "/audit",
			"/forward-auth?proxy=envoy&host="+strings.Repeat("w", 60)+".example.com&upstream=http://"+strings.Repeat("w", 60)+":9000")
	})
}

// goodWidths opens pages of acme in windows of three widths. None may scroll
// sideways.
func (b *tab) goodWidths(paths ...string) {
	b.t.Helper()
	for _, path := range paths {
		b.open("/t/acme" + path)
		for _, width := range []int64{1280, 768, 390} {
			b.wide(width)
			if over := script[string](b, widest); over != "" {
				b.t.Errorf("%s at %d scrolls sideways: %s", path, width, over)
			}
		}
	}
}

// Whoever has no mouse reaches everything, sees where they are, and leaves a
// menu and a dialog as they came.
func TestEverythingIsReachedWithTheKeyboard(t *testing.T) {
	eachWorkplace(t, func(t *testing.T, _ *workplace, ada *tab) {
		for _, path := range []string{"/t/acme/profile", "/t/acme/tokens/new?expires=30d&scopes=projects:read"} {
			ada.open(path)
			ada.tabsThrough()
		}
		ada.open("/t/acme/profile")
		method[chromedp.Void](ada.find("", "Quick menu"), "function() { this.focus() }")
		ada.keys(kb.Enter)
		ada.find("button", "Sign out")
		ada.keys(kb.Escape)
		ada.until("the menu to close", func() bool { return !ada.has("button", "Sign out") })
		same(t, "the focus", ada.focused().attribute("aria-label"), "Quick menu")

		method[chromedp.Void](ada.find("link", "Revoke pipeline"), "function() { this.focus() }")
		ada.keys(kb.Enter)
		ada.focuses("Keep it")
		ada.keys(kb.Escape)
		ada.focuses("Revoke pipeline")
	})
}

// tabsThrough presses the tabulator until it has been everywhere.
func (b *tab) tabsThrough() {
	b.t.Helper()
	stops := script[int](b, `(() => {
		const stops = [...document.querySelectorAll("a[href], button, summary, input:not([type=radio], [type=hidden]), select, textarea")]
			.filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled);
		window.unseen = [];
		window.missing = new Set(stops);
		addEventListener("focusin", (event) => {
			window.missing.delete(event.target);
			const style = getComputedStyle(event.target);
			if (style.outlineStyle === "none" && !event.target.matches("[type=radio].sr")) window.unseen.push(event.target.outerHTML);
		});
		return stops.length;
	})()`)
	for range stops + 20 {
		b.keys(kb.Tab)
	}
	if left := script[[]string](b, "[...window.missing].map((e) => e.outerHTML)"); len(left) > 0 {
		b.t.Errorf("%s: the keyboard does not reach %s", b.address(), strings.Join(left, "\n"))
	}
	if unseen := script[[]string](b, "window.unseen"); len(unseen) > 0 {
		b.t.Errorf("%s: nobody sees the focus on %s", b.address(), strings.Join(unseen, "\n"))
	}
}
