package models

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"strings"
)

// The device cookie holds up to maxDevices entries, one for each user who has
// signed in with this browser: a random id and the signature that ties it to
// the user. It proves nothing but that, and lets nobody in.
const (
	maxDevices  = 5
	deviceHalf  = 16 // bytes of the id, and of the signature
	deviceEntry = 43 // characters of an entry
)

// knownDevice finds the id of the device in its cookie, if it has signed in as
// that user before.
func (s *Store) knownDevice(cookie, userID string) (id string, ok bool) {
	for _, entry := range deviceEntries(cookie) {
		if found, signed := s.openDevice(entry, userID); signed {
			id, ok = found, true
		}
	}
	return id, ok
}

func (s *Store) openDevice(entry, userID string) (id string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(entry)
	if err != nil || len(raw) != 2*deviceHalf {
		return "", false
	}
	id = string(raw[:deviceHalf])
	return id, hmac.Equal(raw[deviceHalf:], s.signDevice(userID, id)) && userID != ""
}

func (s *Store) signDevice(userID, id string) []byte {
	return sum(s.keys.devices, userID+"\n"+id)[:deviceHalf]
}

// deviceEntries is nothing when the cookie is longer than ours can be.
func deviceEntries(cookie string) []string {
	if cookie == "" || len(cookie) > maxDevices*(deviceEntry+1) {
		return nil
	}
	return strings.Split(cookie, ".")
}

// rememberDevice is the cookie of a device that signs in as the user now. Its
// entry stays when its counter was the one that counted; otherwise the user
// gets a new one. Entries of other users stay too.
func (s *Store) rememberDevice(cookie, userID string, keep bool) string {
	var mine string
	var list []string
	for _, entry := range deviceEntries(cookie) {
		switch _, ok := s.openDevice(entry, userID); {
		case ok:
			mine = entry
		case len(entry) == deviceEntry:
			list = append(list, entry)
		}
	}
	if mine == "" || !keep {
		var id [deviceHalf]byte
		_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the program instead
		mine = base64.RawURLEncoding.EncodeToString(append(id[:], s.signDevice(userID, string(id[:]))...))
	}
	list = append([]string{mine}, list...)
	return strings.Join(list[:min(len(list), maxDevices)], ".")
}
