package views

import (
	"strconv"
	"strings"
	"time"
)

// actionWords begin the sentence of an event that brings no words of its own.
var actionWords = map[string]string{
	"token.created":        "Created the token",
	"token.changed":        "Changed the token",
	"token.revoked":        "Revoked the token",
	"token.refused":        "Refused the token",
	"token.requested":      "Requested the token",
	"token.approved":       "Approved the request for the token",
	"token.denied":         "Denied the request for the token",
	"request.withdrawn":    "Withdrew the request for the token",
	"member.invited":       "Invited",
	"member.joined":        "Joined as",
	"member.added":         "Added",
	"member.changed":       "Changed the roles of",
	"member.disabled":      "Disabled",
	"member.enabled":       "Enabled",
	"member.removed":       "Removed",
	"invitation.created":   "Invited",
	"invitation.accepted":  "Accepted the invitation of",
	"invitation.withdrawn": "Withdrew the invitation of",
	"role.created":         "Created the role",
	"role.changed":         "Changed the role",
	"role.deleted":         "Deleted the role",
	"policy.changed":       "Changed the token policy",
	"session.started":      "Signed in",
	"session.ended":        "Signed out",
	"session.refused":      "Refused a sign-in",
	"request.refused":      "Refused",
	"password.refused":     "Refused a password",
	"user.created":         "Created the user",
	"user.disabled":        "Disabled the user everywhere",
	"user.enabled":         "Enabled the user again",
	"password.changed":     "Changed the password of",
	"tenant.created":       "Created the tenant",
	"tenant.suspended":     "Suspended the tenant",
	"tenant.resumed":       "Resumed the tenant",

	"application.created": "Registered the application",
	"application.changed": "Changed the application",
	"application.removed": "Deleted the application",
	"application.allowed": "Allowed the application",
	"application.refused": "Refused the application",
	"secret.created":      "Generated a key for",
	"secret.revoked":      "Revoked a key of",
	"grant.ended":         "Took back what was given to",
	"code.reused":         "Saw a code twice, and ended what was given to",
	"refresh.reused":      "Saw a refresh token twice, and ended what was given to",

	"project.created":     "Created the project",
	"project.changed":     "Changed the project",
	"project.deleted":     "Deleted the project",
	"environment.created": "Created the environment",
	"environment.changed": "Renamed the environment",
	"environment.deleted": "Deleted the environment",
	"connection.created":  "Created the connection",
	"connection.changed":  "Changed the connection",
	"connection.deleted":  "Deleted the connection",
	"credential.created":  "Created the credential",
	"credential.changed":  "Changed the credential",
	"credential.deleted":  "Deleted the credential",
	"certificate.created": "Added the certificate",
	"certificate.changed": "Changed the certificate",
	"certificate.deleted": "Deleted the certificate",
	"proxy.created":       "Created the proxy",
	"proxy.changed":       "Changed the proxy",
	"proxy.deleted":       "Deleted the proxy",
	"proxy.deployed":      "Deployed the proxy",
	"proxy.restored":      "Brought an earlier deployment back of the proxy",
	"proxy.undeployed":    "Undeployed the proxy",
}

// export is the address of the same events as a file.
func (p AuditPage) export() string {
	return query(p.Frame.to("audit.csv"), "actor", p.Actor, "action", p.Action,
		"since", p.Since, "until", p.Until)
}

func (p AuditPage) filtered() bool {
	return p.Actor != "" || p.Action != "" || p.Since != "" || p.Until != ""
}

func (p AuditPage) order() string {
	return "Newest first. Times are in " + in(p.Frame.Zone).String() + "."
}

// verb is how the sentence of an event begins. An action that we have no words
// for stands for itself.
func (r AuditRow) verb() string {
	if r.What != "" {
		return r.What
	}
	if words := actionWords[r.Action]; words != "" {
		return words
	}
	return r.Action
}

// saysRefused is true of an action that is a refusal by its name.
func (r AuditRow) saysRefused() bool { return strings.HasSuffix(r.Action, ".refused") }

// often says how many times, for events that were counted as one.
func (r AuditRow) often() string {
	if r.Count < 2 {
		return ""
	}
	return " " + times(r.Count)
}

// A contrast is which sides of changes there are: what is made has no before,
// what is deleted no after.
type contrast struct{ before, after bool }

func contrastOf(all []AuditChange) (c contrast) {
	for _, change := range all {
		c.before = c.before || change.Before != ""
		c.after = c.after || change.After != ""
	}
	return c
}

func (c contrast) words() string {
	if c.before && c.after {
		return "Before and after"
	}
	return "Details"
}

// aspect names one side of a change: Before, Roles before, or just Roles where
// there is no other side.
func (c contrast) aspect(field, side string) string {
	switch {
	case field == "":
		return side
	case c.before && c.after:
		return field + ", " + strings.ToLower(side)
	}
	return field
}

// second is the time of day to the second, as the log needs it.
func second(t time.Time, zone *time.Location) string {
	return t.In(in(zone)).Format("15:04:05")
}

// dayOf is the day on which something happened. Midnight belongs to the day
// that it begins, unlike the midnight at which something expires.
func dayOf(t time.Time, zone *time.Location) string {
	return t.In(in(zone)).Format("2 Jan 2006")
}

// plain is a number for a machine.
func plain(n int64) string { return strconv.FormatInt(n, 10) }

func allowed(yes bool) string {
	if yes {
		return "allowed"
	}
	return "not allowed"
}

// lifetime is the longest life of a token in words.
func lifetime(days string) string {
	switch days {
	case "":
		return "no limit"
	case "1":
		return "1 day"
	}
	return days + " days"
}

// following says how many live tokens a policy is about.
func following(live int64) string {
	switch live {
	case 0:
		return "There are no live tokens at the moment."
	case 1:
		return "1 live token follows it."
	}
	return number(live) + " live tokens follow it."
}
