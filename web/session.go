package web

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// secretLength is how long the one thing in a session cookie is.
const secretLength = 43

// deviceAge is for as long as a browser keeps any cookie: 400 days, in seconds.
const deviceAge = 400 * 24 * 60 * 60

// A sessionStore ties the cookie of a browser to its row in the database. The
// cookie holds a random secret and nothing else, so that ending the row ends
// the session, wherever copies of the cookie are. It implements sessions.Store
// for what is kept between two requests.
type sessionStore struct {
	clients
	store          *models.Store
	cookie, device string // names
	secure         bool
}

// newSessionStore names the cookies so that no other host and no page over
// plain HTTP can set them, where the browser can hold to that.
func newSessionStore(store *models.Store, secure bool, from clients) *sessionStore {
	prefix := ""
	if secure {
		prefix = "__Host-"
	}
	return &sessionStore{clients: from, store: store, cookie: prefix + "latchkey", device: prefix + "latchkey-device", secure: secure}
}

// Get returns the same session throughout one request.
func (s *sessionStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads what is kept in the browser's session. Who is not signed in gets an
// empty one that cannot be saved.
func (s *sessionStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	session.Options = &sessions.Options{Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
	session.IsNew = true
	secret := s.Secret(r)
	if secret == "" {
		return session, nil
	}
	data, err := s.store.SessionData(r.Context(), secret)
	if err != nil {
		return session, unlessSignedOut(err)
	}
	session.ID, session.IsNew = secret, false
	var kept map[string]any
	if data != "" {
		err = json.Unmarshal([]byte(data), &kept)
	}
	for k, v := range kept {
		session.Values[k] = v
	}
	return session, err
}

// Save keeps the values of a session that still lives, as JSON. It never makes
// one: only signing in does.
func (s *sessionStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if session.Options != nil && session.Options.MaxAge < 0 {
		return s.end(w, r, models.Client{UserAgent: r.UserAgent()})
	}
	values := make(map[string]any, len(session.Values))
	for k, v := range session.Values {
		name, ok := k.(string)
		if !ok {
			return errors.New("web: a session keeps values under names only")
		}
		values[name] = v
	}
	data, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return s.store.SetSessionData(r.Context(), session.ID, string(data))
}

// Secret is what the session cookie holds, empty without exactly one that
// could be ours.
func (s *sessionStore) Secret(r *http.Request) string {
	secret := onlyCookie(r, s.cookie)
	if len(secret) != secretLength {
		return ""
	}
	return secret
}

// onlyCookie is the value of a cookie, empty when it was sent twice: one of
// the two may have been planted.
func onlyCookie(r *http.Request, name string) string {
	found := r.CookiesNamed(name)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// Visitor is who stands at a password entrance with this request.
func (s *sessionStore) Visitor(c echo.Context) models.Visitor {
	r := c.Request()
	return models.Visitor{Client: s.client(r), Device: onlyCookie(r, s.device), Session: s.Secret(r)}
}

// SignedIn gives the browser its new session, and marks it as one that has
// signed in.
func (s *sessionStore) SignedIn(c echo.Context, in models.SignedIn) error {
	c.SetCookie(s.newCookie(s.cookie, in.SessionSecret, 0))
	c.SetCookie(s.newCookie(s.device, in.Device, deviceAge))
	return nil
}

// SignedOut ends the browser's session for good. Without one it only makes
// sure that the cookie goes.
func (s *sessionStore) SignedOut(c echo.Context) error {
	return s.end(c.Response(), c.Request(), s.client(c.Request()))
}

func (s *sessionStore) end(w http.ResponseWriter, r *http.Request, from models.Client) error {
	if err := s.store.SignOut(r.Context(), s.Secret(r), from); err != nil {
		return err
	}
	http.SetCookie(w, s.newCookie(s.cookie, "", -1))
	w.Header().Set("Clear-Site-Data", `"cache"`) // what the back button would show
	return nil
}

func (s *sessionStore) newCookie(name, value string, age int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, MaxAge: age, Path: "/", Secure: s.secure,
		HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// Flash keeps a sentence for the next page that the browser asks for. Who is
// not signed in any more does without.
func (s *sessionStore) Flash(c echo.Context, sentence string) error {
	session, err := s.Get(c.Request(), s.cookie)
	if err != nil || session.IsNew {
		return err
	}
	session.Values[flashKey] = sentence
	return unlessSignedOut(s.Save(c.Request(), c.Response(), session))
}

// TakeFlash is the sentence that was kept, once.
func (s *sessionStore) TakeFlash(c echo.Context) (string, error) {
	session, err := s.Get(c.Request(), s.cookie)
	if err != nil {
		return "", err
	}
	sentence, ok := session.Values[flashKey].(string)
	if !ok {
		return "", nil
	}
	delete(session.Values, flashKey)
	return sentence, unlessSignedOut(s.Save(c.Request(), c.Response(), session))
}

const flashKey = "flash"

func unlessSignedOut(err error) error {
	if err != nil && models.KindOf(err) == models.SignedOut {
		return nil
	}
	return err
}
