package web

import "latchkey/models"

// A SessionStore is what keeps browsers signed in.
type SessionStore = sessionStore

// NewSessionStore is newSessionStore, behind no proxy.
func NewSessionStore(store *models.Store, secure bool) *SessionStore {
	return newSessionStore(store, secure, clients{})
}
