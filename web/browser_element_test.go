package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// An element is something on the page that was found as a person would find
// it: by what it is and what it is called.
type element struct {
	*tab
	id runtime.RemoteObjectID
}

// find waits for the one thing with that role and exactly that name.
func (b *tab) find(role, name string) element {
	b.t.Helper()
	return element{b, ""}.find(role, name)
}

// find is like that of a tab, within the element.
func (e element) find(role, name string) element {
	e.t.Helper()
	var found []*accessibility.Node
	defer func() {
		if len(found) != 1 {
			e.t.Logf("each %s here is one of %q", role, e.names(role))
		}
	}()
	e.until(fmt.Sprintf("one %s %q", role, name), func() bool {
		var err error
		if found, err = e.accessible(e.id, role, name); err != nil {
			return false // the page is just being left
		}
		if len(found) > 1 {
			e.t.Fatalf("%d things are a %s %q at %s", len(found), role, name, e.address())
		}
		return len(found) == 1
	})
	return e.tab.element(found[0].BackendDOMNodeID)
}

func (b *tab) element(id cdp.BackendNodeID) element {
	b.t.Helper()
	object := command(b, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: id}).Object
	return element{b, object.ObjectID}
}

// has reports whether there is such a thing now.
func (b *tab) has(role, name string) bool {
	b.t.Helper()
	found, err := b.accessible("", role, name)
	if err != nil {
		b.t.Fatal(err)
	}
	return len(found) > 0
}

// names lists what things of a role are called, in their order on the page.
func (b *tab) names(role string) (names []string) {
	b.t.Helper()
	return element{b, ""}.names(role)
}

// names is like that of a tab, within the element.
func (e element) names(role string) (names []string) {
	e.t.Helper()
	found, err := e.accessible(e.id, role, "")
	if err != nil {
		e.t.Fatal(err)
	}
	for _, n := range found {
		var name string
		_ = json.Unmarshal(n.Name.Value, &name) // it is a string
		names = append(names, name)
	}
	return names
}

// method calls a function of the page's world on an element; "this" is the element.
func method[T any](e element, function string, args ...any) T {
	e.t.Helper()
	return perform(e.tab, chromedp.CallFunctionOn[T](function,
		func(p *runtime.CallFunctionOnParams) { p.ObjectID = e.id }, args...))
}

// text is what a person reads.
func (e element) text() string {
	e.t.Helper()
	return strings.Join(strings.Fields(method[string](e, "function() { return this.innerText }")), " ")
}

// value is what a field holds.
func (e element) value() string {
	e.t.Helper()
	return method[string](e, "function() { return this.value }")
}

// attribute is an attribute of the element, empty when there is none.
func (e element) attribute(name string) string {
	e.t.Helper()
	return method[string](e, "function(name) { return this.getAttribute(name) ?? '' }", name)
}

// checked reports whether a box or a choice is.
func (e element) checked() bool {
	e.t.Helper()
	return method[bool](e, "function() { return this.checked }")
}

// pressed is the step of a click with the mouse in the middle of the element,
// or where it is written over several lines, of its first.
func (e element) pressed() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{ObjectID: e.id}); err != nil {
			return err
		}
		shape, err := cdp.Call(ctx, t, dom.GetContentQuads, dom.GetContentQuadsParams{ObjectID: e.id})
		if err != nil {
			return err
		}
		if len(shape.Quads) == 0 {
			return errors.New("it cannot be seen")
		}
		q := shape.Quads[0]
		_, err = chromedp.MouseClickXY((q[0]+q[2]+q[4]+q[6])/4, (q[1]+q[3]+q[5]+q[7])/4)(ctx, t)
		return err
	})
}

// click clicks.
func (e element) click() {
	e.t.Helper()
	perform(e.tab, e.pressed())
}

// follow clicks what leads to another page, and returns the status of that.
func (e element) follow() int {
	e.t.Helper()
	return e.load(e.pressed())
}

// click clicks the one thing of that role and name.
func (b *tab) click(role, name string) {
	b.t.Helper()
	b.find(role, name).click()
}

// follow clicks the one thing of that role and name, which leads to another page.
func (b *tab) follow(role, name string) int {
	b.t.Helper()
	return b.find(role, name).follow()
}

// fill writes into a field instead of what it held.
func (e element) fill(text string) {
	e.t.Helper()
	method[chromedp.Void](e, "function() { this.focus(); this.select() }")
	if text == "" {
		e.keys(kb.Delete)
		return
	}
	command(e.tab, input.InsertText, input.InsertTextParams{Text: text})
}

// keys presses keys, wherever the focus is.
func (b *tab) keys(keys string, modifiers ...chromedp.Modifier) {
	b.t.Helper()
	perform(b, chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...)))
}

// day types a day into a calendar field.
func (e element) day(day string) {
	e.t.Helper()
	method[chromedp.Void](e, `function(day) {
		this.focus();
		this.value = day;
		for (const kind of ["input", "change"]) this.dispatchEvent(new Event(kind, { bubbles: true }));
	}`, day)
}

// choose picks an option of a list by its text.
func (e element) choose(option string) {
	e.t.Helper()
	found := method[bool](e, `function(text) {
		const option = [...this.options].find((o) => o.text === text);
		if (option) this.value = option.value;
		for (const kind of ["input", "change"]) this.dispatchEvent(new Event(kind, { bubbles: true }));
		return Boolean(option);
	}`, option)
	if !found {
		e.t.Fatalf("there is no option %q", option)
	}
}

// focused is what the focus is on.
func (b *tab) focused() element {
	b.t.Helper()
	object := perform(b, chromedp.Evaluate[*runtime.RemoteObject]("document.activeElement"))
	return element{b, object.ObjectID}
}

// described is what is said about an element besides its name, as a screen
// reader says it.
func (e element) described() string {
	e.t.Helper()
	return method[string](e, `function() {
		const ids = (this.getAttribute("aria-describedby") ?? "").split(" ");
		return ids.map((id) => document.getElementById(id)?.innerText ?? "").join(" ").trim();
	}`)
}

// parent is what the element stands in.
func (e element) parent() element {
	e.t.Helper()
	object := method[*runtime.RemoteObject](e, "function() { return this.parentElement }")
	return element{e.tab, object.ObjectID}
}

// says waits until the element says something.
func (e element) says(text string) {
	e.t.Helper()
	said := ""
	e.until(fmt.Sprintf("%q", text), func() bool { said = e.text(); return strings.Contains(said, text) }, &said)
}

// says waits until the page says something.
func (b *tab) says(text string) {
	b.t.Helper()
	said := ""
	b.until(fmt.Sprintf("%q", text), func() bool {
		said = script[string](b, `document.body.innerText.replace(/\s+/g, " ")`)
		return strings.Contains(said, text)
	}, &said)
}

// keeps fails the test if a secret stands anywhere in the page.
func (b *tab) keeps(secret string) {
	b.t.Helper()
	if strings.Contains(script[string](b, `document.documentElement.outerHTML +
		[...document.querySelectorAll("input, textarea")].map((field) => field.value).join(" ")`), secret) {
		b.t.Errorf("%s shows a secret again", b.address())
	}
}

// focuses waits for the focus to be on something that is called so.
func (b *tab) focuses(name string) {
	b.t.Helper()
	b.until(fmt.Sprintf("the focus on %q", name), func() bool { return b.focused().text() == name })
}

// goes follows an entry of the navigation.
func (b *tab) goes(entry string) {
	b.t.Helper()
	b.find("navigation", "Main").find("link", entry).follow()
}

// enter presses the key Enter, which sends the form that the focus is in.
func (b *tab) enter() int {
	b.t.Helper()
	return b.load(chromedp.KeyEvent(kb.Enter))
}
