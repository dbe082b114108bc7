package models

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// cleanText trims a line that somebody wrote and brings it to one form (NFC).
// complaint is empty when it has the right length and no character that hides
// or reorders what is read.
func cleanText(s string, least, most int) (clean, complaint string) {
	return cleanRunes(s, least, most, func(r rune) bool { return false })
}

// cleanLines is cleanText for text of several lines.
func cleanLines(s string, least, most int) (clean, complaint string) {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return cleanRunes(s, least, most, func(r rune) bool { return r == '\n' })
}

func cleanRunes(s string, least, most int, also func(rune) bool) (clean, complaint string) {
	if len(s) > 16*most+64 || !utf8.ValidString(s) {
		return "", fmt.Sprintf("Write at most %d characters of ordinary text.", most)
	}
	clean = norm.NFC.String(strings.TrimSpace(s))
	n := utf8.RuneCountInString(clean)
	switch {
	case n < least && least == 1:
		return "", "Write something here."
	case n < least:
		return "", fmt.Sprintf("Write at least %d characters.", least)
	case n > most:
		return "", fmt.Sprintf("Write at most %d characters; this has %d.", most, n)
	}
	marks := 0
	for _, r := range clean {
		if !also(r) && hidden(r) {
			return "", "Remove the control or invisible characters."
		}
		if marks++; !unicode.Is(unicode.Mn, r) {
			marks = 0
		}
		if marks > 8 {
			return "", "Remove some of the stacked accents."
		}
	}
	return clean, ""
}

// hidden reports whether r cannot be seen or changes the order in which its
// neighbours are read.
func hidden(r rune) bool {
	switch {
	case unicode.IsControl(r), r == 0xFEFF, r == 0x00AD, r == utf8.RuneError,
		r >= 0x200B && r <= 0x200F, r >= 0x2028 && r <= 0x202E, r >= 0x2060 && r <= 0x2069, r >= 0xE0000 && r <= 0xE007F:
		return true
	}
	return false
}

// days says a number of days in words.
func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
