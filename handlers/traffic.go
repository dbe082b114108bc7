package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/models"
	"latchkey/views"
)

// environmentNames are those that a form can choose from.
func environmentNames(ctx context.Context, a *models.Access) ([]string, error) {
	list, err := a.Environments(ctx, models.NameQuery{Paging: models.Paging{Limit: models.MaxLimit}})
	names := make([]string, len(list.Items))
	for i, e := range list.Items {
		names[i] = e.Name
	}
	return names, err
}

// A span is a time that traffic is shown for, in even steps.
type span struct {
	name  string
	whole time.Duration
	step  time.Duration
	hours bool // counted by the hour
}

var spans = []span{{"hour", time.Hour, time.Minute, false}, {"day", 24 * time.Hour, time.Hour, true},
	{"month", 30 * 24 * time.Hour, 24 * time.Hour, true}}

func spanOf(name string) span {
	for _, s := range spans {
		if s.name == name {
			return s
		}
	}
	return spans[0]
}

// Traffic answers GET /t/:tenant/projects/:project/proxies/:name/traffic.
func (con *Console) Traffic(c echo.Context, a *models.Access) error {
	head, x, err := con.proxyHead(c, a)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	page, s := views.TrafficPage{ProxyHead: head}, spanOf(c.QueryParam("span"))
	page.Span = s.name
	if page.Environments, err = environmentNames(ctx, a); err != nil {
		return err
	}
	if page.Environment = among(c.QueryParam("environment"), page.Environments...); page.Environment == "" && len(page.Environments) > 0 {
		page.Environment = page.Environments[0]
	}
	if page.Environment == "" {
		return Render(c, http.StatusOK, views.Traffic(page))
	}
	if err := fillTraffic(ctx, a, x, s, &page); err != nil {
		return err
	}
	return Render(c, http.StatusOK, views.Traffic(page))
}

func fillTraffic(ctx context.Context, a *models.Access, x models.Proxy, s span, page *views.TrafficPage) error {
	env, err := a.EnvironmentByName(ctx, page.Environment)
	if err != nil {
		return err
	}
	q := models.TrafficQuery{EnvironmentID: env.ID, ProxyID: x.ID, Hours: s.hours}
	begin := a.Now().Truncate(s.step).Add(s.step - s.whole)
	q.Since = begin
	totals, err := a.TrafficTotals(ctx, q)
	if err != nil {
		return err
	}
	if len(totals) > 0 {
		page.Total = trafficFigure(&totals[0])
	}
	counts, err := a.Traffic(ctx, q)
	if err != nil {
		return err
	}
	page.Figures = steps(counts, begin, s)
	list, err := a.Refusals(ctx, env.Name)
	page.Refusals = refusalsOf(list, page.Project, page.Name)
	return err
}

// steps puts counts into even steps from begin on.
func steps(counts []models.TrafficCount, begin time.Time, s span) []views.TrafficFigure {
	sums := make([]models.TrafficCount, s.whole/s.step)
	for i := range counts {
		if at := int(counts[i].At.Sub(begin) / s.step); at >= 0 && at < len(sums) {
			sums[at].Add(counts[i])
		}
	}
	figures := make([]views.TrafficFigure, len(sums))
	for i := range sums {
		figures[i] = trafficFigure(&sums[i])
		figures[i].At = begin.Add(time.Duration(i) * s.step)
	}
	return figures
}

func trafficFigure(c *models.TrafficCount) views.TrafficFigure {
	return views.TrafficFigure{Requests: c.Requests, Errors: c.Errors, Refused: c.Refused, P50: c.Quantile(0.5), P95: c.Quantile(0.95)}
}

// refusalsOf keeps the refusals of one proxy.
func refusalsOf(list []models.GatewayRefusal, project, proxy string) (rows []views.RefusalRow) {
	for _, r := range list {
		if r.Project == project && r.Proxy == proxy {
			rows = append(rows, views.RefusalRow{At: r.At, Method: r.Method, Path: r.Path, Reason: r.Reason, Who: r.Username, Token: r.TokenHint})
		}
	}
	return rows
}

// TryRoute answers GET /t/:tenant/try. It changes nothing, so what was tried
// stands in the address and can be shown to somebody else.
func (con *Console) TryRoute(c echo.Context, a *models.Access) error {
	f, err := con.frame(c, a)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	page := views.TryPage{Frame: f, Methods: models.Methods(), Environment: c.QueryParam("environment"),
		Method: among(c.QueryParam("method"), models.Methods()...), Path: c.QueryParam("path"), Scopes: c.QueryParam("scopes")}
	if page.Environments, err = environmentNames(ctx, a); err != nil {
		return err
	}
	if page.Environment == "" || page.Path == "" || page.Method == "" {
		return Render(c, http.StatusOK, views.Try(page))
	}
	d, err := a.TryRoute(ctx, page.Environment, page.Method, page.Path, words(page.Scopes))
	if no := refused(c, err, nil); no != nil {
		page.Problems = no.problems
		return Render(c, no.status, views.Try(page))
	}
	if err != nil {
		return err
	}
	page.Verdict = verdict(d)
	return Render(c, http.StatusOK, views.Try(page))
}

// verdict is a decision as the page tells it, with the status that a caller
// would get.
func verdict(d models.Decision) *views.TryVerdict {
	v := &views.TryVerdict{Passed: d.Verdict == models.PassedOn, Why: d.Why(), Path: d.Path, Needs: texts(d.Needs), Missing: string(d.Missing)}
	switch d.Verdict {
	case models.PathRefused:
		v.Status = http.StatusBadRequest
	case models.ScopeMissing:
		v.Status = http.StatusForbidden
	case models.Unrouted:
		v.Status = http.StatusNotFound
	case models.MethodRefused:
		v.Status = http.StatusMethodNotAllowed
	}
	if d.Live != nil {
		v.Project, v.Proxy, v.Route = d.Live.Project, d.Live.Proxy, d.Live.Route
	}
	return v
}
