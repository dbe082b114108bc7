package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"latchkey/models"
	"latchkey/models/modelstest"
	"latchkey/web"
)

// patience is how long a test waits for a page before it fails.
const patience = 20 * time.Second

// plainHost is a name for this machine that, unlike 127.0.0.1, is no secure
// context: pages there have no navigator.clipboard.
const plainHost = "latchkey.test"

// TestMain ends the browser that the tests have shared.
func TestMain(m *testing.M) {
	m.Run()
	endChromium()
}

var endChromium = func() {}

// chromium is the one browser of all tests, started by the first that needs it.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := findChromium()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP "+plainHost+" 127.0.0.1"), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "en-US"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which root cannot have
	}
	ctx, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	endChromium = func() { _ = chromedp.Cancel(ctx) }
	return ctx, chromedp.Do(ctx)
})

func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium: install it, these tests are not skipped without it")
}

// A console is a server that a browser can reach.
type console struct {
	store  *models.Store
	server *web.Server
	base   string // its address
}

// serve serves a database on an address of its own.
func serve(t *testing.T, database string) *console {
	t.Helper()
	return serveAt(t, database, time.Now)
}

// serveAt is serve with a clock of the test's own.
func serveAt(t *testing.T, database string, now func() time.Time) *console {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &console{store: modelstest.OpenAt(t, database, now), base: "http://" + listener.Addr().String()}
	c.server = newServer(t, c.store, func(cfg *web.Config) { cfg.BaseURL, _ = url.Parse(c.base) })
	srv := &http.Server{Handler: c.server}
	go func() { _ = srv.Serve(listener) }() // ends when it is closed
	t.Cleanup(func() { _ = srv.Close() })
	return c
}

// A tab is the only page of a browser that shares nothing with others.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu         sync.Mutex
	complaints []string // of the page, about itself
}

// tab opens a tab. Whatever the browser has to say about the pages in it fails
// the test.
func (c *console) tab(t *testing.T) *tab {
	t.Helper()
	parent, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, base: c.base}
	ctx, end := chromedp.NewContext(parent, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.hear))
	b.ctx = ctx
	t.Cleanup(func() {
		if t.Failed() {
			b.picture()
		}
		end()
	})
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatal(err)
	}
	command(b, audits.Enable, cdp.Empty{})
	command(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	b.prefers("light")
	return b
}

// hear writes down what the browser says about a page.
func (b *tab) hear(event any) {
	complaint := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		for _, arg := range e.Args {
			complaint += fmt.Sprintf("console: %s %s ", arg.Description, arg.Value)
		}
	case *runtime.EventExceptionThrown:
		complaint = "exception: " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		complaint = fmt.Sprintf("log: %s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		if e.Entry.Source == log.EntrySourceNetwork && !strings.Contains(e.Entry.URL, "/assets/") {
			return // a page may answer with an error: tests say with which
		}
		if strings.HasPrefix(e.Entry.Text, "The Cross-Origin-Opener-Policy header has been ignored") && strings.Contains(b.base, plainHost) {
			return // so it is, on a host that no browser trusts
		}
	case *audits.EventIssueAdded:
		details, _ := json.Marshal(e.Issue.Details)
		complaint = fmt.Sprintf("issue: %s %s", e.Issue.Code, details)
		if strings.Contains(complaint, "FormEmptyIdAndNameAttributesForInputError") {
			return // a field without a name is not sent, and may be meant so
		}
	case *cdppage.EventJavascriptDialogOpening:
		complaint = "dialog: " + e.Message
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, complaint)
}

// complained is what the browser has said about pages since it was last asked.
func (b *tab) complained() (list []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list, b.complaints = b.complaints, nil
	return list
}

// quiet fails the test if the browser has complained.
func (b *tab) quiet() {
	b.t.Helper()
	if list := b.complained(); len(list) > 0 {
		b.t.Errorf("the browser complained:\n%s", strings.Join(list, "\n"))
	}
}

// perform does something in a tab, and fails the test when it cannot be done.
func perform[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// command sends a command of the protocol.
func command[P, R any](b *tab, cmd cdp.Command[P, R], params P) R {
	b.t.Helper()
	return perform(b, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, cmd, params) })
}

// script evaluates an expression in the page.
func script[T any](b *tab, expression string) T {
	b.t.Helper()
	return perform(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// until waits for something to be true. instead is what the message may say
// that there was.
func (b *tab) until(what string, f func() bool, instead ...*string) {
	b.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if f() {
			return
		}
	}
	for _, said := range instead {
		b.t.Logf("there is: %s", *said)
	}
	b.t.Fatalf("waited %v for %s at %s", patience, what, b.address())
}

// address is where the tab is.
func (b *tab) address() string {
	b.t.Helper()
	return strings.TrimPrefix(script[string](b, "location.href"), b.base)
}

// load does what leads to another page, waits for it and returns its status.
func (b *tab) load(step chromedp.Action[chromedp.Void]) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, step)
	if err != nil {
		b.t.Fatal(err)
	}
	b.quiet()
	return int(answer.Status)
}

// open goes to an address, which has to answer 200.
func (b *tab) open(path string) {
	b.t.Helper()
	b.openAs(http.StatusOK, path)
}

// openAs goes to an address that answers with a certain status.
func (b *tab) openAs(status int, path string) {
	b.t.Helper()
	step := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cdppage.Navigate, cdppage.NavigateParams{URL: b.base + path})
		return err
	})
	if got := b.load(step); got != status {
		b.t.Fatalf("%s answers %d, want %d", path, got, status)
	}
}

// reload asks for the page again, as the key F5 does.
func (b *tab) reload() int {
	b.t.Helper()
	return b.load(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cdppage.Reload, cdppage.ReloadParams{})
		return err
	}))
}

// prefers says which colour scheme the person prefers, and that nothing moves.
func (b *tab) prefers(scheme string) {
	b.t.Helper()
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// wide makes the window so many pixels wide.
func (b *tab) wide(width int64) {
	b.t.Helper()
	perform(b, chromedp.EmulateViewport(width, 900))
}

// withoutScript switches JavaScript off for pages that are opened from now on.
func (b *tab) withoutScript() {
	b.t.Helper()
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// signIn signs somebody in who has not been.
func (b *tab) signIn(username, password string) {
	b.t.Helper()
	b.open("/login")
	b.find("textbox", "User name").fill(username)
	b.find("textbox", "Password").fill(password)
	b.follow("button", "Sign in")
}

// picture keeps what the tab shows in a file, for whoever looks into a failure.
func (b *tab) picture() {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("there is no picture: %v", err)
		return
	}
	f, err := os.CreateTemp("", "latchkey-*.png")
	if err != nil {
		b.t.Log(err)
		return
	}
	defer f.Close()
	_, err = f.Write(png)
	b.t.Logf("what the tab showed: %s (%v)", f.Name(), err)
}

// accessible lists what the page, or a part of it, offers to somebody who
// cannot see it, by role and name. Either may be empty.
func (b *tab) accessible(root runtime.RemoteObjectID, role, name string) (found []*accessibility.Node, err error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if root == "" {
		document, err := chromedp.Run(ctx, chromedp.Evaluate[*runtime.RemoteObject]("document"))
		if err != nil {
			return nil, err
		}
		root = document.ObjectID
	}
	tree, err := chromedp.Call(ctx, accessibility.QueryAXTree,
		accessibility.QueryAXTreeParams{ObjectID: root, Role: role, AccessibleName: name})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(tree.Nodes, func(n *accessibility.Node) bool { return n.Ignored || n.BackendDOMNodeID == 0 }), nil
}

// back goes back in the history, as the button of the browser does.
func (b *tab) back() {
	b.t.Helper()
	history := command(b, cdppage.GetNavigationHistory, cdp.Empty{})
	to := history.Entries[history.CurrentIndex-1]
	command(b, cdppage.NavigateToHistoryEntry, cdppage.NavigateToHistoryEntryParams{EntryID: to.ID})
	b.until("the page before", func() bool {
		now, err := chromedp.Call(b.ctx, cdppage.GetNavigationHistory, cdp.Empty{}) // fails while pages change
		if err != nil || now.CurrentIndex != history.CurrentIndex-1 {
			return false
		}
		ready, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.readyState == "complete"`))
		return err == nil && ready
	})
}
