package models_test

import (
	"context"
	"fmt"
	"testing"

	"latchkey/models"
)

// theirWorks are what another tenant has of the gateway, and the ids of it. The
// caller has a project and an environment of the same names, with nothing in it.
type theirWorks struct {
	project, environment, connection, credential, certificate, proxy, entry string
}

const (
	sameProject     = "Shop"
	sameEnvironment = "production"
)

// worksOf makes one of each thing, and deploys it.
func worksOf(t *testing.T, bob *models.Access) (ids theirWorks) {
	t.Helper()
	ctx := t.Context()
	env, err := bob.CreateEnvironment(ctx, models.NewEnvironment{Name: sameEnvironment})
	must(t, err)
	p, err := bob.CreateProject(ctx, models.NewProject{Name: sameProject})
	must(t, err)
	cre, err := bob.CreateCredential(ctx, sameProject, models.NewCredential{Name: "token", Kind: models.Bearer, Token: ptr("bobs-secret")})
	must(t, err)
	text, _ := certificate(t, "birch.example", start.AddDate(5, 0, 0))
	crt, err := bob.CreateCertificate(ctx, sameProject, models.NewCertificate{Name: "ca", PEM: text})
	must(t, err)
	con, err := bob.CreateConnection(ctx, sameProject, models.NewConnection{Name: "upstream", BaseURL: ordersURL, Credential: "token", CACertificate: "ca"})
	must(t, err)
	prx, err := bob.CreateProxy(ctx, sameProject, models.NewProxy{Name: "orders", Route: "/orders", Connection: ptr("upstream")})
	must(t, err)
	row, _, err := bob.Deploy(ctx, sameProject, "orders", sameEnvironment)
	must(t, err)
	return theirWorks{p.ID, env.ID, con.ID, cre.ID, crt.ID, prx.ID, row.EventID}
}

// own makes what the caller has by the same names.
func own(ctx context.Context, ada *models.Access) error {
	if _, err := ada.ProjectByName(ctx, sameProject); err == nil {
		return nil
	}
	_, err := ada.CreateProject(ctx, models.NewProject{Name: sameProject})
	if err == nil {
		_, err = ada.CreateEnvironment(ctx, models.NewEnvironment{Name: sameEnvironment})
	}
	return err
}

// tried is an operation on another tenant's things.
type tried = func(ctx context.Context, ada *models.Access, bobs theirs) error

// lists tries a list in another tenant's project, and in the caller's own of
// the same name.
func lists[T any](list func(ada *models.Access, ctx context.Context, project string, q models.NameQuery) (models.List[T], error)) tried {
	return func(ctx context.Context, ada *models.Access, bobs theirs) error {
		if _, err := list(ada, ctx, bobs.works.project, models.NameQuery{}); models.KindOf(err) != models.NotFound {
			return fmt.Errorf("listed another tenant's project: %v", err)
		}
		if err := own(ctx, ada); err != nil {
			return err
		}
		mine, err := list(ada, ctx, sameProject, models.NameQuery{})
		return none(mine.Items, err)
	}
}

// inBoth tries an operation in another tenant's project, and in the caller's
// own of the same name: neither finds the thing, by its name or by its id.
func inBoth(id func(theirWorks) string, name string, op func(ctx context.Context, ada *models.Access, project, name string) error) tried {
	return func(ctx context.Context, ada *models.Access, bobs theirs) error {
		if err := own(ctx, ada); err != nil {
			return err
		}
		for _, project := range []string{bobs.works.project, sameProject} {
			for _, thing := range []string{id(bobs.works), name} {
				if err := op(ctx, ada, project, thing); models.KindOf(err) != models.NotFound {
					return fmt.Errorf("%s in %s: %v", thing, project, err)
				}
			}
		}
		return nil
	}
}

func connectionID(w theirWorks) string  { return w.connection }
func credentialID(w theirWorks) string  { return w.credential }
func certificateID(w theirWorks) string { return w.certificate }
func proxyID(w theirWorks) string       { return w.proxy }

// refers tries to make something of the caller's own that refers to another
// tenant's things.
func refers(op func(ctx context.Context, ada *models.Access, id string) error, id func(theirWorks) string) tried {
	return func(ctx context.Context, ada *models.Access, bobs theirs) error {
		if err := own(ctx, ada); err != nil {
			return err
		}
		if err := op(ctx, ada, id(bobs.works)); models.KindOf(err) != models.Invalid {
			return fmt.Errorf("referred to another tenant's: %v", err)
		}
		return nil
	}
}

// gatewayOperations are the lines of operations for what the gateway needs.
var gatewayOperations = map[string]tried{
	"CreateProject":     ownTenant, // the same name in two tenants is two projects
	"CreateEnvironment": ownTenant,
	"Projects": func(ctx context.Context, ada *models.Access, _ theirs) error {
		list, err := ada.Projects(ctx, models.NameQuery{})
		for _, p := range list.Items {
			if p.TenantID != ada.Tenant().ID {
				err = fmt.Errorf("listed another tenant's %s", p.Name)
			}
		}
		return err
	},
	"Environments": func(ctx context.Context, ada *models.Access, _ theirs) error {
		list, err := ada.Environments(ctx, models.NameQuery{})
		for _, e := range list.Items {
			if e.TenantID != ada.Tenant().ID {
				err = fmt.Errorf("listed another tenant's %s", e.Name)
			}
		}
		return err
	},
	"ProjectByName": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(second(ada.ProjectByName(ctx, bobs.works.project)))
	},
	"ChangeProject": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(second(ada.ChangeProject(ctx, bobs.works.project, models.ProjectChange{Description: ptr("mine")})))
	},
	"DeleteProject": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.DeleteProject(ctx, bobs.works.project))
	},
	"EnvironmentByName": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(second(ada.EnvironmentByName(ctx, bobs.works.environment)))
	},
	"ChangeEnvironment": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(second(ada.ChangeEnvironment(ctx, bobs.works.environment, models.EnvironmentChange{Name: ptr("mine")})))
	},
	"DeleteEnvironment": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(ada.DeleteEnvironment(ctx, bobs.works.environment))
	},

	"Connections":  lists((*models.Access).Connections),
	"Credentials":  lists((*models.Access).Credentials),
	"Certificates": lists((*models.Access).Certificates),
	"Proxies":      lists((*models.Access).Proxies),
	"ConnectionByName": inBoth(connectionID, "upstream", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.ConnectionByName(ctx, p, n))
	}),
	"ChangeConnection": inBoth(connectionID, "upstream", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.ChangeConnection(ctx, p, n, models.ConnectionChange{BaseURL: ptr("https://evil.example")}))
	}),
	"DeleteConnection": inBoth(connectionID, "upstream", func(ctx context.Context, ada *models.Access, p, n string) error {
		return ada.DeleteConnection(ctx, p, n)
	}),
	"CreateConnection": refers(func(ctx context.Context, ada *models.Access, id string) error {
		return second(ada.CreateConnection(ctx, sameProject, models.NewConnection{Name: "x", BaseURL: ordersURL, Credential: id}))
	}, credentialID),
	"CredentialByName": inBoth(credentialID, "token", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.CredentialByName(ctx, p, n))
	}),
	"ChangeCredential": inBoth(credentialID, "token", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.ChangeCredential(ctx, p, n, models.CredentialChange{Token: ptr("mine")}))
	}),
	"DeleteCredential": inBoth(credentialID, "token", func(ctx context.Context, ada *models.Access, p, n string) error {
		return ada.DeleteCredential(ctx, p, n)
	}),
	"CreateCredential": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(second(ada.CreateCredential(ctx, bobs.works.project, models.NewCredential{Name: "x", Kind: models.Bearer, Token: ptr("x")})))
	},
	"CertificateByName": inBoth(certificateID, "ca", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.CertificateByName(ctx, p, n))
	}),
	"ChangeCertificate": inBoth(certificateID, "ca", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.ChangeCertificate(ctx, p, n, models.CertificateChange{Name: ptr("mine")}))
	}),
	"DeleteCertificate": inBoth(certificateID, "ca", func(ctx context.Context, ada *models.Access, p, n string) error {
		return ada.DeleteCertificate(ctx, p, n)
	}),
	"CreateCertificate": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		return notFound(second(ada.CreateCertificate(ctx, bobs.works.project, models.NewCertificate{Name: "x", PEM: "x"})))
	},
	"ProxyByName": inBoth(proxyID, "orders", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.ProxyByName(ctx, p, n))
	}),
	"ChangeProxy": inBoth(proxyID, "orders", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.ChangeProxy(ctx, p, n, models.ProxyChange{Route: ptr("/mine")}))
	}),
	"DeleteProxy": inBoth(proxyID, "orders", func(ctx context.Context, ada *models.Access, p, n string) error {
		return ada.DeleteProxy(ctx, p, n)
	}),
	"CreateProxy": refers(func(ctx context.Context, ada *models.Access, id string) error {
		return second(ada.CreateProxy(ctx, sameProject, models.NewProxy{Name: "x", Route: "/x", Connection: ptr(id)}))
	}, connectionID),

	"Deployments": inBoth(proxyID, "orders", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.Deployments(ctx, p, n, models.NameQuery{}))
	}),
	"LiveIn": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		if _, err := ada.LiveIn(ctx, bobs.works.project, []string{bobs.works.proxy}); models.KindOf(err) != models.NotFound {
			return fmt.Errorf("looked into another tenant's project: %v", err)
		}
		if err := own(ctx, ada); err != nil {
			return err
		}
		live, err := ada.LiveIn(ctx, sameProject, []string{bobs.works.proxy})
		return none(live[bobs.works.proxy], err)
	},
	"DeploymentIn": inBoth(proxyID, "orders", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.DeploymentIn(ctx, p, n, sameEnvironment))
	}),
	"DeploymentHistory": inBoth(proxyID, "orders", func(ctx context.Context, ada *models.Access, p, n string) error {
		return second(ada.DeploymentHistory(ctx, p, n, sameEnvironment, models.Paging{}))
	}),
	"Undeploy": inBoth(proxyID, "orders", func(ctx context.Context, ada *models.Access, p, n string) error {
		return ada.Undeploy(ctx, p, n, sameEnvironment)
	}),
	"Deploy": inBoth(proxyID, "orders", func(ctx context.Context, ada *models.Access, p, n string) error {
		_, _, err := ada.Deploy(ctx, p, n, sameEnvironment)
		return err
	}),
	"RedeployEarlier": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		_, _, err := ada.RedeployEarlier(ctx, bobs.works.project, bobs.works.proxy, bobs.works.environment, bobs.works.entry)
		return notFound(err)
	},
	"Serving": func(ctx context.Context, ada *models.Access, bobs theirs) error {
		if err := own(ctx, ada); err != nil {
			return err
		}
		if _, err := ada.Serving(ctx, bobs.works.environment); models.KindOf(err) != models.NotFound {
			return fmt.Errorf("served another tenant's environment: %v", err)
		}
		s, err := ada.Serving(ctx, sameEnvironment)
		if err == nil && s.Match("/orders") != nil {
			err = fmt.Errorf("served what is live in another tenant")
		}
		return err
	},
}
