package models

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Bounds of a password.
const (
	minPassword = 12   // characters
	maxPassword = 1024 // bytes
)

// What one hash costs: Argon2id with 19 MiB, two passes, one lane.
const (
	hashMemory = 19 * 1024 // KiB
	hashPasses = 2
	hashLanes  = 1
	hashBytes  = 32
)

// maxWaiting is how many may wait for their password to be hashed.
const maxWaiting = 32

// passwords bounds how much memory and time hashing may take: as many at once
// as there are processors, and a short queue before the door.
type passwords struct {
	queue chan struct{} // whoever waits or hashes
	slots chan struct{} // whoever hashes
	dummy string        // the hash of nobody's password
}

func newPasswords() passwords {
	n := runtime.NumCPU()
	var nobody [16 + hashBytes]byte
	_, _ = rand.Read(nobody[:]) // never fails: crypto/rand ends the program instead
	return passwords{
		queue: make(chan struct{}, n+maxWaiting),
		slots: make(chan struct{}, n),
		dummy: encodeHash(nobody[:16], nobody[16:]),
	}
}

// enter waits for leave to hash. A queue that is full refuses at once.
func (p passwords) enter(ctx context.Context) (leave func(), err error) {
	select {
	case p.queue <- struct{}{}:
	default:
		return nil, &Error{Kind: Unavailable, RetryAfter: 2 * time.Second,
			Message: "Too many people are signing in right now. Try again in a moment."}
	}
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots; <-p.queue }, nil
	case <-ctx.Done():
		<-p.queue
		return nil, ctx.Err()
	}
}

// hashPassword computes what is stored of a password that checkPassword found
// nothing wrong with.
func (s *Store) hashPassword(ctx context.Context, clean string) (string, error) {
	leave, err := s.passwords.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return newHash(clean), nil
}

// newHash takes 19 MiB and some 50 ms: call it only after enter.
func newHash(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	key := argon2.IDKey(passwordBytes(password), salt, hashPasses, hashMemory, hashLanes, hashBytes)
	return encodeHash(salt, key)
}

// passwordBytes gives the same bytes for every way to type the same characters.
func passwordBytes(password string) []byte { return norm.NFC.Bytes([]byte(password)) }

// currentHash is how a hash begins that needs no renewal.
var currentHash = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, hashMemory, hashPasses, hashLanes)

func encodeHash(salt, key []byte) string {
	return currentHash + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key)
}

var errBadHash = errors.New("models: a stored password hash cannot be read")

// matchesHash reports whether password belongs to a stored hash. It takes the
// same work whether it does or not: call it only after enter.
func matchesHash(stored, password string) (bool, error) {
	var version, memory, passes, lanes uint32
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errBadHash
	}
	_, verr := fmt.Sscanf(parts[2], "v=%d", &version)
	_, perr := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes)
	salt, serr := base64.RawStdEncoding.DecodeString(parts[4])
	key, kerr := base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(verr, perr, serr, kerr); err != nil || version != argon2.Version ||
		passes < 1 || passes > 64 || memory > 1<<20 || lanes < 1 || lanes > 255 || len(key) < 16 {
		return false, errBadHash
	}
	got := argon2.IDKey(passwordBytes(password), salt, passes, memory, uint8(lanes), uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}

// checkPassword says what is wrong with a password that somebody chose, and
// gives it in the form that is hashed. others are the names around it, of which
// it must not be made.
func checkPassword(password string, others ...string) (clean, complaint string) {
	if len(password) > maxPassword {
		return "", "Use at most 1,024 bytes."
	}
	if !utf8.ValidString(password) {
		return "", "Use ordinary characters."
	}
	clean = norm.NFC.String(password)
	if utf8.RuneCountInString(clean) < minPassword {
		return "", "Use at least 12 characters."
	}
	switch folded := fold(clean); {
	case commonPasswords()[folded]:
		return "", "Many people use this password, so it is tried first. Choose another."
	case repeats(folded), rowsOnly(folded):
		return "", "This is a pattern and easy to guess. Choose another."
	case madeOf(folded, others):
		return "", "Do not make it of a name. Choose another."
	}
	return clean, ""
}

// fold makes spellings the same that a guesser tries together.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

//go:embed passwords_common.txt
var commonList string

// commonPasswords are well-known ones of twelve characters and more, folded.
var commonPasswords = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	for line := range strings.Lines(commonList) {
		known[fold(strings.TrimSpace(line))] = true
	}
	return known
})

// repeats reports whether s is up to four characters over and over.
func repeats(s string) bool {
	runes := []rune(s)
	for period := 1; period <= 4 && period < len(runes); period++ {
		if slices.Equal(runes[period:], runes[:len(runes)-period]) {
			return true
		}
	}
	return false
}

// keyRows are the rows that people run a finger along, there and back, each
// twice so that a run may go past the end.
var keyRows = func() (rows []string) {
	for _, row := range []string{
		"1234567890", "abcdefghijklmnopqrstuvwxyz",
		"1234567890-=qwertyuiop[]asdfghjkl;'zxcvbnm,./", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm",
		"azertyuiopqsdfghjklmwxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "1q2w3e4r5t6y7u8i9o0p", "!@#$%^&*()_+",
	} {
		back := []byte(row)
		slices.Reverse(back)
		rows = append(rows, row+row, string(back)+string(back))
	}
	return rows
}()

// rowsOnly reports whether s is made of a few runs along keyRows.
func rowsOnly(s string) bool {
	length := len(s)
	runs := 0
	for s != "" {
		n := longestRun(s)
		if n == 0 {
			return false
		}
		s, runs = s[n:], runs+1
	}
	return runs <= length/4
}

// longestRun is how much of the beginning of s is a run.
func longestRun(s string) int {
	n := 0
	for n < len(s) && slices.ContainsFunc(keyRows, func(row string) bool { return strings.Contains(row, s[:n+1]) }) {
		n++
	}
	return n
}

// madeOf reports whether s holds nothing but names and what separates them.
func madeOf(s string, names []string) bool {
	s = lettersOf(s)
	left := s
	for _, name := range names {
		if name = lettersOf(fold(name)); utf8.RuneCountInString(name) >= 3 {
			left = strings.ReplaceAll(left, name, " ")
		}
	}
	return s != "" && strings.TrimSpace(left) == ""
}

// lettersOf is s without what is neither letter nor digit.
func lettersOf(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}
