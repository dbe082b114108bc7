package web_test

import (
	"encoding/json"
	"testing"

	"latchkey/models"
	"latchkey/web"
)

// A problem that is written out by hand is what the encoder would write.
func TestAProblemIsTheJSONThatItSeems(t *testing.T) {
	for _, detail := range []string{"", "The token is not valid.", `a "quoted" \ <b>&`, "Send a token …", "tab\tand\x00nul", "broken \xff", "100 % 'fine'"} {
		got, want, err := web.EncodeProblem(&models.Error{Kind: models.InvalidToken, Message: detail})
		if err != nil || string(got) != string(want) || !json.Valid(got) {
			t.Errorf("%q: got %s, want %s (%v)", detail, got, want, err)
		}
	}
}
