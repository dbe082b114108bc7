package handlers

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// Audit answers GET /t/:tenant/audit.
func (con *Console) Audit(c echo.Context, a *models.Access) error {
	ctx := c.Request().Context()
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	q, err := eventsAsked(c, a)
	if err != nil {
		return err
	}
	q.Cursor = c.QueryParam("cursor")
	list, err := a.AuditEvents(ctx, q)
	if err != nil {
		return said(err)
	}
	page := views.AuditPage{Frame: f, Actor: c.QueryParam("actor"), Action: c.QueryParam("action"),
		Since: c.QueryParam("since"), Until: c.QueryParam("until"), Actions: models.AuditActions(), Page: part(c, list, -1)}
	if page.Actors, err = usernames(ctx, a); err != nil {
		return err
	}
	page.Actors = append(page.Actors, models.CommandLine)
	known, err := applicationsIn(ctx, a, list.Items)
	if err != nil {
		return err
	}
	for _, e := range list.Items {
		page.Rows = append(page.Rows, linked(a, auditRow(e), e, known))
	}
	return Render(c, http.StatusOK, views.Audit(page))
}

// eventsAsked reads the filter. Days begin and end where the caller lives.
func eventsAsked(c echo.Context, a *models.Access) (q models.AuditQuery, err error) {
	q = models.AuditQuery{Action: c.QueryParam("action"), Actor: c.QueryParam("actor")}
	if q.Since, err = dayEnd(c.QueryParam("since"), -1, a.Zone()); err != nil {
		return q, err
	}
	q.Until, err = dayEnd(c.QueryParam("until"), 0, a.Zone())
	return q, err
}

// dayEnd is the end of a day so many days off the one that was written, nil for
// none. The end of the day before is the beginning of a day.
func dayEnd(text string, off int, zone *time.Location) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err == nil {
		var end time.Time
		if end, err = models.EndOf(day.AddDate(0, 0, off).Format(time.DateOnly), zone); err == nil {
			return &end, nil
		}
	}
	return nil, &models.Error{Kind: models.Invalid, Message: "Write a day as 2027-01-31.", Err: err}
}

// auditRow is an event as the page tells it: a token by its name, a refusal by
// its reason.
func auditRow(e models.AuditEvent) views.AuditRow {
	row := views.AuditRow{Time: e.At, Actor: e.Actor, Via: "console", TokenHint: e.TokenHint, Action: e.Action,
		Refused: e.Outcome == models.Refused, What: sentences[e.Action], Subject: e.Subject, Count: e.Count,
		Changes: changesOf(e), Address: e.ClientIP}
	if e.Actor == models.CommandLine {
		row.Via = "on the server"
	}
	noun, _, _ := strings.Cut(e.Action, ".")
	switch {
	case e.Action == "token.refused":
		row.Subject, row.Reason = "", e.Subject
	case noun == "session", noun == "policy":
		row.Subject = ""
	case e.Action == "request.withdrawn", noun == "token", noun == "application", noun == "secret", noun == "grant", noun == "code", noun == "refresh":
		row.Subject = firstText(e.Subject, e.Before["name"], e.After["name"])
	case e.Action == "member.invited", e.Action == "member.uninvited":
		row.Subject = firstText("whoever gets the link", e.After["email"], e.Before["email"])
	}
	return row
}

// sentences begin what the page says of actions that it has no words for.
var sentences = map[string]string{
	"account.changed":  "Changed the account of",
	"member.uninvited": "Withdrew the invitation of",
	"password.refused": "Refused a password of",
}

// firstText is the first of the values that says something.
func firstText(otherwise string, values ...any) string {
	for _, v := range values {
		if s, ok := v.(string); ok && s != "" {
			return s
		}
	}
	return otherwise
}

// changesOf puts what was before beside what was after, field by field.
func changesOf(e models.AuditEvent) []views.AuditChange {
	fields := map[string]bool{}
	for field := range maps.Keys(e.Before) {
		fields[field] = true
	}
	for field := range maps.Keys(e.After) {
		fields[field] = true
	}
	var changes []views.AuditChange
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		name := strings.ReplaceAll(field, "_", " ")
		changes = append(changes, views.AuditChange{Field: strings.ToUpper(name[:1]) + name[1:],
			Before: written(e.Before[field]), After: written(e.After[field])})
	}
	return changes
}

// written is a recorded value as people write it.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

var auditColumns = []string{"time", "actor", "token", "action", "outcome", "subject", "count", "address", "before", "after", "id"}

// AuditCSV answers GET /t/:tenant/audit.csv with all events that the page would
// show, as they are read.
func (con *Console) AuditCSV(c echo.Context, a *models.Access) error {
	q, err := eventsAsked(c, a)
	if err != nil {
		return err
	}
	file := newAuditFile(c, "audit-"+a.Tenant().Slug+"-"+a.Now().Format(time.DateOnly)+".csv")
	err = a.EachAuditEvent(c.Request().Context(), q, func(e models.AuditEvent) error { return file.write(auditRecord(e)) })
	if err == nil {
		err = file.end()
	}
	if err != nil && c.Response().Committed {
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return said(err)
}

// An auditFile is a table (RFC 4180) that begins with its first row, so that
// what fails before is still an error page.
type auditFile struct {
	c     echo.Context
	name  string
	out   *csv.Writer
	begun bool
}

func newAuditFile(c echo.Context, name string) *auditFile {
	f := &auditFile{c: c, name: name, out: csv.NewWriter(c.Response())}
	f.out.UseCRLF = true
	return f
}

func (f *auditFile) write(row []string) error {
	if !f.begun {
		f.begun = true
		h := f.c.Response().Header()
		h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
		h.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
		if err := f.out.Write(auditColumns); err != nil {
			return err
		}
	}
	if row == nil {
		return nil
	}
	return f.out.Write(row)
}

// end writes what is left. A table without rows has its heading all the same.
func (f *auditFile) end() error {
	if err := f.write(nil); err != nil {
		return err
	}
	f.out.Flush()
	return f.out.Error()
}

func auditRecord(e models.AuditEvent) []string {
	record := []string{e.At.UTC().Format(time.RFC3339), e.Actor, e.TokenHint, e.Action, e.Outcome, e.Subject,
		strconv.Itoa(e.Count), e.ClientIP, object(e.Before), object(e.After), e.ID}
	for i, cell := range record {
		record[i] = defused(cell)
	}
	return record
}

func object(values map[string]any) string {
	if len(values) == 0 {
		return ""
	}
	text, err := json.Marshal(values)
	if err != nil {
		return fmt.Sprint(values)
	}
	return string(text)
}

// defused keeps a spreadsheet from taking a cell for a formula.
func defused(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
