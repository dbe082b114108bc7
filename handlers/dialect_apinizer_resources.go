package handlers

import (
	"context"
	"net/http"

	"latchkey/models"
)

// Apinizer makes a Func of an operation that a client of Apinizer asks for. It
// reads no body, and its names are told apart by their capitals.
func Apinizer[In, Out any](op func(context.Context, *models.Access, In) (Out, error)) Func {
	return JSON(http.StatusOK, func(ctx context.Context, a *models.Access, in In) (Out, error) {
		return op(models.Exactly(ctx), a, in)
	})
}

// An apinizerDone says that what was asked for is done.
type apinizerDone struct {
	Status string `json:"status"`
}

// apinizerSuccess is in every answer that is no error.
const apinizerSuccess = "SUCCESS"

func done(err error) (apinizerDone, error) { return apinizerDone{apinizerSuccess}, err }

// An apinizerList is everything there is: its clients know no pages.
type apinizerList struct {
	Status      string         `json:"status"`
	ResultList  []apinizerItem `json:"resultList"`
	ResultCount int            `json:"resultCount"`
}

// An apinizerItem is a project or a proxy.
type apinizerItem struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

func newApinizerList(items ...apinizerItem) apinizerList {
	return apinizerList{apinizerSuccess, items, len(items)}
}

func apinizerProject(p models.Project) apinizerItem { return apinizerItem{p.Name, p.Description} }
func apinizerProxy(x models.Proxy) apinizerItem     { return apinizerItem{x.Name, x.Description} }

// allPages lists all that an operation lists page by page.
func allPages[M any](page func(models.NameQuery) (models.List[M], error), item func(M) apinizerItem) (apinizerList, error) {
	items, q := []apinizerItem{}, models.NameQuery{Paging: models.Paging{Limit: models.MaxLimit}}
	for {
		list, err := page(q)
		if err != nil {
			return apinizerList{}, err
		}
		for _, m := range list.Items {
			items = append(items, item(m))
		}
		if q.Cursor = list.Next; q.Cursor == "" {
			return newApinizerList(items...), nil
		}
	}
}

// ApinizerProjects answers GET /apiops/projects/.
func ApinizerProjects(ctx context.Context, a *models.Access, _ struct{}) (apinizerList, error) {
	return allPages(func(q models.NameQuery) (models.List[models.Project], error) { return a.Projects(ctx, q) }, apinizerProject)
}

// ApinizerProxies answers GET /apiops/projects/{project}/apiProxies/.
func ApinizerProxies(ctx context.Context, a *models.Access, in projectPath) (apinizerList, error) {
	return allPages(func(q models.NameQuery) (models.List[models.Proxy], error) { return a.Proxies(ctx, in.Project, q) }, apinizerProxy)
}

// ApinizerProxy answers GET /apiops/projects/{project}/apiProxies/{name}/: a
// list of one.
func ApinizerProxy(ctx context.Context, a *models.Access, in placedPath) (apinizerList, error) {
	x, err := a.ProxyByName(ctx, in.Project, in.Thing)
	return newApinizerList(apinizerProxy(x)), err
}

// ApinizerDeleteProxy answers DELETE /apiops/projects/{project}/apiProxies/{name}/.
func ApinizerDeleteProxy(ctx context.Context, a *models.Access, in placedPath) (apinizerDone, error) {
	return done(a.DeleteProxy(ctx, in.Project, in.Thing))
}

// ApinizerDeploy answers POST …/apiProxies/{name}/environments/{environment}/.
func ApinizerDeploy(ctx context.Context, a *models.Access, in deploymentPath) (apinizerDone, error) {
	_, _, err := a.Deploy(ctx, in.Project, in.Thing, in.Environment)
	return done(err)
}

// ApinizerUndeploy answers DELETE …/apiProxies/{name}/environments/{environment}/.
func ApinizerUndeploy(ctx context.Context, a *models.Access, in deploymentPath) (apinizerDone, error) {
	return done(a.Undeploy(ctx, in.Project, in.Thing, in.Environment))
}
