package models_test

import (
	"strings"
	"testing"

	"latchkey/models"
)

func TestPasswordsThatAreRefused(t *testing.T) {
	for _, password := range []string{
		"", "short", "elevenchars", strings.Repeat("é", 11), strings.Repeat("long", 257), "bad\xffutf8 but long enough",
		"password1234", "PASSWORD1234", "passwordpassword", "Qwertyuiop123", "iloveyou1234", "p@ssw0rd1234",
		"aaaaaaaaaaaa", "abababababab", "abcabcabcabcabc", "123456789012", "210987654321", "abcdefghijkl", "qwertyuiopas",
		"qwerty123456", "1qaz2wsx3edc", "ｐａｓｓｗｏｒｄ１２３４",
		"ada.lovelace", "Ada.Lovelace-Ada.Lovelace", "analytical-ada.lovelace", "latchkey-latchkey",
	} {
		if _, complaint := models.CheckPassword(password, "ada.lovelace", "Analytical", "latchkey"); complaint == "" {
			t.Errorf("%.40q is taken", password)
		}
	}
}

func TestPasswordsThatAreTaken(t *testing.T) {
	for _, password := range []string{
		"correct horse battery staple", "kahve-fincan-deniz-42", "  spaces count  ", "ada.lovelace wrote notes",
		"Tr0ub4dor&3 and more", strings.Repeat("é", 6) + "çğışöü", strings.Repeat("all of these 1024 bytes ", 42), "!\"#$%&'()*+,-./:",
	} {
		if _, complaint := models.CheckPassword(password, "ada.lovelace", "", "ab"); complaint != "" {
			t.Errorf("%.40q: %s", password, complaint)
		}
	}
	composed, _ := models.CheckPassword("caf\u00e9 au lait noir")
	decomposed, _ := models.CheckPassword("cafe\u0301 au lait noir")
	if composed != decomposed {
		t.Error("two ways to type the same characters are two passwords")
	}
}

func TestAHashThatCannotBeReadIsAnErrorNotAMatch(t *testing.T) {
	for _, stored := range []string{
		"", "plain", "$2a$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$", "$argon2id$v=19$m=19456,t=0,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2V5",
		"$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2V5", "$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2V5",
	} {
		if ok, err := models.MatchesHash(stored, ""); ok || err == nil {
			t.Errorf("%q: %v, %v", stored, ok, err)
		}
	}
}

func TestUsernamesHaveOneForm(t *testing.T) {
	for spelling, want := range map[string]string{
		"ada": "ada", " Ada ": "ada", "ADA": "ada", "ａｄａ": "ada", "\u212Aim": "kim", "ada+ops@example.com": "ada+ops@example.com",
		"": "", "-ada": "", "a b": "", "ada\x00": "", "аda": "", "ada\u200b": "", strings.Repeat("a", 64): strings.Repeat("a", 64),
		strings.Repeat("a", 65): "", "\xff": "",
	} {
		got, ok := models.CanonicalUsername(spelling)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %v, want %q", spelling, got, ok, want)
		}
	}
}

func FuzzCanonicalUsername(f *testing.F) {
	f.Add("Ada")
	f.Add("ﬁ\u0130\x00")
	f.Fuzz(func(t *testing.T, s string) {
		name, ok := models.CanonicalUsername(s)
		if !ok {
			return
		}
		if again, ok := models.CanonicalUsername(name); !ok || again != name {
			t.Errorf("%q becomes %q, and then %q", s, name, again)
		}
	})
}
