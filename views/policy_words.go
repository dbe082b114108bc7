package views

// A switchText names a switch, and says what stops when it is off.
type switchText struct{ title, off string }

// switchTexts are the dialects and the grants in words.
var switchTexts = map[string]switchText{
	"apinizer":           {"Apinizer", "Without it, its clients get no token for a user name and a password."},
	"purewl":             {"PureWL and Atom", "Without it, partners get no token for their secret key."},
	"password":           {"Password platform", "Without it, /authorization gives no token for a user name and a password."},
	"wepay":              {"WePay", "Without it, a new authorization of an application leaves the ones before it alive."},
	"wps":                {"WPS", "Without it, tokens are not reviewed and owners revoke their own, whatever is chosen above."},
	"authorization_code": {"Authorization code", "Without it, no application can ask a member for consent in the browser."},
	"client_credentials": {"Client credentials", "Without it, no application gets a token to act as itself."},
	"refresh_token":      {"Refresh token", "Without it, an application must ask the member again when its access token expires."},
	"device_code":        {"Device code", "Without it, no command-line program is let in by a code on another screen."},
}

// words fall back to the name of a switch that we have no words for.
func (s Switch) words() switchText {
	if text, ok := switchTexts[s.Name]; ok {
		return text
	}
	return switchText{title: s.Name}
}

// switchedOff names what a tenant does without.
func switchedOff(lists ...[]Switch) string {
	var off []string
	for _, switches := range lists {
		for _, s := range switches {
			if !s.On {
				off = append(off, s.words().title)
			}
		}
	}
	if len(off) == 0 {
		return "nothing"
	}
	return list(off)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
