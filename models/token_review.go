package models

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// ApproveRequest lets a member have the token that they asked for, with the
// patterns that the reviewer chose. The reviewer never sees it: it is made when
// the member picks it up. Nobody approves what they asked for themselves.
func (a *Access) ApproveRequest(ctx context.Context, id string, patterns []string) error {
	return a.review(ctx, id, func(r *TokenRequest, e *AuditEvent) error {
		if state := r.State(a.store.now()); state != RequestWaiting {
			return tooLate(state)
		}
		problems := map[string]string{}
		r.ApprovedScopes = tokenScopes(append([]string{}, patterns...), problems)
		if gives, asked := string(TokensWrite), slices.Contains(r.Scopes, string(TokensWrite)); !asked && slices.Contains(r.ApprovedScopes, gives) {
			problems["scopes"] = "The member did not ask for " + gives + ", which lets a token make tokens. Leave it out."
		}
		r.Decision, e.Action = RequestApproved, "token.approved"
		e.Before, e.After = map[string]any{"scopes": strings.Join(r.Scopes, " ")},
			map[string]any{"name": r.Name, "owner": r.Username, "scopes": strings.Join(r.ApprovedScopes, " ")}
		return invalid(problems)
	})
}

// DenyRequest refuses a token, or takes back an approval before it was picked
// up, and says why. Nobody decides on their own request.
func (a *Access) DenyRequest(ctx context.Context, id, reason string) error {
	return a.review(ctx, id, func(r *TokenRequest, e *AuditEvent) error {
		if state := r.State(a.store.now()); state != RequestWaiting && state != RequestApproved {
			return tooLate(state)
		}
		problems := map[string]string{}
		answer, complaint := cleanLines(reason, 1, 500)
		if complaint != "" {
			problems["reason"] = complaint
		}
		r.Decision, r.Answer, r.ApprovedScopes, e.Action = RequestDenied, answer, nil, "token.denied"
		e.After = map[string]any{"name": r.Name, "owner": r.Username, "reason": answer}
		return invalid(problems)
	})
}

// review lets one reviewer after the other look at a request and decide on it,
// in person: a token that leaks approves nothing.
func (a *Access) review(ctx context.Context, id string, how func(r *TokenRequest, e *AuditEvent) error) error {
	if err := a.Require(InPerson); err != nil {
		return err
	}
	return a.change(ctx, TenantTokensWrite, func(tx *gorm.DB, e *AuditEvent) error {
		var r TokenRequest
		if err := takeRequest(tx, held(tx), id, &r); err != nil {
			return err
		}
		if r.UserID == a.user.ID {
			return a.refuse("review of their own request", "Nobody decides on their own request: another administrator does. "+
				"Where there is none, the operator can make the token on the command line.")
		}
		if err := how(&r, e); err != nil {
			return err
		}
		e.Subject = r.ID
		decision := map[string]any{"decision": r.Decision, "decided_by": nil, "decided_at": a.store.now(), "answer": r.Answer,
			"approved_scopes": r.ApprovedScopes}
		if a.user.ID != "" {
			decision["decided_by"] = a.user.ID
		}
		return tx.Model(&TokenRequest{}).Where("id = ?", r.ID).Updates(decision).Error
	})
}

// mayIssueOwn refuses somebody who makes a token where tokens are reviewed. The
// operator can: there may be nobody else to ask.
func (a *Access) mayIssueOwn() error {
	if !a.policy.Reviews() || a.operator {
		return nil
	}
	return a.refuse("a token without review",
		a.policy.andAsk("Tokens are reviewed here before they are made. Request one in the console, under Token requests."))
}

// PickUp makes the token of an approved request, for the member who asked and
// for nobody else. The secret is returned only here: a second time there is
// none.
func (a *Access) PickUp(ctx context.Context, id string) (t Token, secret Secret, err error) {
	secret = newSecret(a.store.brand, KindPersonal)
	err = a.change(ctx, InPerson, func(tx *gorm.DB, e *AuditEvent) error {
		if err := holdUser(tx, a.user.ID); err != nil {
			return err
		}
		var r TokenRequest
		if err := takeRequest(tx, held(tx).Where("user_id = ?", a.user.ID), id, &r); err != nil {
			return err
		}
		if t, err = a.approved(r); err != nil {
			return err
		}
		if err := a.room(tx, t); err != nil {
			return err
		}
		if err := a.nameFree(tx, t.NameKey, ""); KindOf(err) == Conflict {
			return errorf(Conflict, "You have a live token with this name by now. Give that one another name, then pick this one up.")
		} else if err != nil {
			return err
		}
		if err := a.keep(tx, e, &t, secret); err != nil {
			return err
		}
		e.After["request_id"], e.After["approved_by"] = r.ID, r.Reviewer
		return tx.Model(&TokenRequest{}).Where("id = ?", r.ID).Update("token_id", t.ID).Error
	})
	if err != nil {
		return Token{}, Secret{}, err
	}
	return t, secret, nil
}

// approved is the token of a request, held to the policy as it is now.
func (a *Access) approved(r TokenRequest) (t Token, err error) {
	switch state := r.State(a.store.now()); state {
	case RequestApproved:
	case RequestWaiting:
		return t, errorf(Conflict, "Nobody has approved this request yet.")
	default:
		return t, tooLate(state)
	}
	t = Token{UserID: r.UserID, Kind: KindPersonal, Name: r.Name, NameKey: r.NameKey, Description: r.Reason,
		Scopes: r.ApprovedScopes, AllowedCIDRs: r.AllowedCIDRs, ExpiresAt: r.ExpiresAt}
	problems := map[string]string{}
	if a.policy.check(&t, a.store.now(), a.Zone(), problems); len(problems) > 0 {
		return t, errorf(Conflict, "The policy became stricter, and this token would not be allowed any more. Withdraw the request and make another.")
	}
	return t, nil
}
