package web

// A SessionStore is what keeps browsers signed in.
type SessionStore = sessionStore

// NewSessionStore is newSessionStore.
var NewSessionStore = newSessionStore
