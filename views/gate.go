package views

import (
	"net/http"
	"net/url"
	"strconv"
)

// setupFields and accountFields are the fields in the order of their forms.
var (
	accountFields = []Link{{"User name", "#username"}, {"E-mail", "#email"}, {"Password", "#password"}}
	setupFields   = append([]Link{
		{"Organisation", "#organisation"},
		{"Short name in addresses", "#tenant"},
	}, accountFields...)
)

func inviteAction(code string) string { return "/invite/" + url.PathEscape(code) }

// statusWords are what is said about a status when nobody knows better.
type statusWords struct{ drawing, title, heading, message string }

// errorWords are the words for a status.
func errorWords(status int) statusWords {
	words := statusWords{drawing: "triangle-alert", title: http.StatusText(status)}
	switch status {
	case http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		words.heading, words.message = "We could not read that", "Go back, check what you sent and try again."
	case http.StatusForbidden:
		words.drawing = "lock"
		words.heading, words.message = "You may not do this", "None of your roles allows it. An administrator of the tenant can give you one that does."
	case http.StatusNotFound:
		words.drawing = "search-x"
		words.heading, words.message = "There is nothing here", "The address is wrong, the thing was deleted, or it belongs to another tenant. We show the same page for all three."
	case http.StatusMethodNotAllowed:
		words.heading, words.message = "This page cannot be used like that", "Go back and use the buttons of the page."
	case http.StatusConflict:
		words.heading, words.message = "Something else has changed meanwhile", "Go back, load the page again and try once more."
	case http.StatusRequestEntityTooLarge:
		words.heading, words.message = "That was too large", "Go back, shorten what you sent and try again."
	case http.StatusTooManyRequests:
		words.drawing = "clock"
		words.heading, words.message = "Too many attempts", "Wait a minute, then try again."
	case http.StatusServiceUnavailable:
		words.drawing = "refresh-cw"
		words.heading, words.message = "Latchkey is busy or cut off from its database", "Nothing was changed. Try again in a moment."
	default:
		words.heading, words.message = "Latchkey could not do that", "Nothing was changed. Try again, and tell an operator the request below if it stays like this."
	}
	return words
}

func (p ErrorPage) heading() string {
	switch {
	case p.Heading != "":
		return p.Heading
	case p.Needs != "":
		return "You may not open this page"
	}
	return errorWords(p.Status).heading
}

func (p ErrorPage) message() string {
	if p.Message != "" {
		return p.Message
	}
	return errorWords(p.Status).message
}

// framed is the frame with the heading as its title.
func (p ErrorPage) framed() Frame {
	f := *p.Frame
	f.Title, f.Crumbs = p.heading(), []Link{{Text: p.heading()}}
	return f
}

func (p ErrorPage) gated() Gate {
	g := p.Gate
	g.Title = p.heading()
	return g
}

// status is for whoever is asked about the error, before the request's id.
func (p ErrorPage) status() string {
	status := strconv.Itoa(p.Status) + " " + errorWords(p.Status).title
	if p.RequestID != "" {
		return status + ", request"
	}
	return status
}
