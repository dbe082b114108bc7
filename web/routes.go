package web

import (
	"net/http"

	"latchkey/handlers"
	"latchkey/models"
)

// routes is every address the server answers and what a caller must hold to
// be answered. page proves a browser session, api proves a token, and open and
// bare prove nothing.
func (s *Server) routes() []route {
	con, apis := s.console(), handlers.API{BaseURL: s.BaseURL}
	apps, others := handlers.OAuth{Store: s.Store, BaseURL: s.BaseURL}, handlers.Dialects{Store: s.Store}
	return []route{
		bare(GET, "/healthz", healthz),
		bare(GET, "/readyz", s.readyz),

		open(GET, "/", con.Home),
		open(GET, "/login", con.SignInPage),
		open(POST, "/login", con.SignIn),
		open(POST, "/logout", con.SignOut),
		open(POST, "/theme", con.ChooseTheme),
		open(GET, "/setup", con.SetupPage),
		open(POST, "/setup", con.Setup),
		open(GET, "/invite/:code", con.InvitePage),
		open(POST, "/invite/:code", con.AcceptInvitation),
		open(GET, "/api/docs", con.APIDocs),

		page(GET, "/t/:tenant", models.ProfileRead, con.TenantHome),
		page(GET, "/t/:tenant/profile", models.ProfileRead, con.Profile),
		page(POST, "/t/:tenant/profile/account", models.InPerson, con.ChangeAccount),
		page(POST, "/t/:tenant/profile/password", models.InPerson, con.ChangePassword),
		page(POST, "/t/:tenant/sessions/revoke-others", models.InPerson, con.RevokeOtherSessions),
		page(POST, "/t/:tenant/sessions/:id/revoke", models.InPerson, con.RevokeSession),

		page(GET, "/t/:tenant/tokens", models.ProfileRead, con.TenantHome),
		page(GET, "/t/:tenant/tokens/new", models.TokensWrite, con.NewToken),
		page(POST, "/t/:tenant/tokens", models.TokensWrite, con.CreateToken),
		page(POST, "/t/:tenant/tokens/revoke", models.TokensWrite, con.RevokeTokens),
		page(GET, "/t/:tenant/tokens/:id", models.TokensRead, con.Token),
		page(POST, "/t/:tenant/tokens/:id", models.TokensWrite, con.ChangeToken),
		page(GET, "/t/:tenant/tokens/:id/edit", models.TokensWrite, con.EditToken),
		page(GET, "/t/:tenant/tokens/:id/revoke", models.TokensWrite, con.ConfirmRevokeToken),
		page(POST, "/t/:tenant/tokens/:id/revoke", models.TokensWrite, con.RevokeToken),

		page(GET, "/t/:tenant/members", models.MembersRead, con.Members),
		page(POST, "/t/:tenant/members", models.MembersWrite, con.Invite),
		page(GET, "/t/:tenant/members/invite", models.MembersWrite, con.NewInvitation),
		page(GET, "/t/:tenant/members/access", models.MembersRead, con.WhoMayDoWhat),
		page(GET, "/t/:tenant/members/:username", models.MembersRead, con.Member),
		page(POST, "/t/:tenant/members/:username", models.MembersWrite, con.ChangeMember),
		page(POST, "/t/:tenant/members/:username/disable", models.MembersWrite, con.DisableMember),
		page(POST, "/t/:tenant/members/:username/enable", models.MembersWrite, con.EnableMember),
		page(GET, "/t/:tenant/members/:username/remove", models.MembersWrite, con.ConfirmRemoveMember),
		page(POST, "/t/:tenant/members/:username/remove", models.MembersWrite, con.RemoveMember),
		page(POST, "/t/:tenant/invitations/:id/withdraw", models.MembersWrite, con.WithdrawInvitation),

		page(GET, "/t/:tenant/roles", models.RolesRead, con.Roles),
		page(POST, "/t/:tenant/roles", models.RolesWrite, con.CreateRole),
		page(GET, "/t/:tenant/roles/new", models.RolesWrite, con.NewRole),
		page(GET, "/t/:tenant/roles/:name", models.RolesRead, con.Role),
		page(POST, "/t/:tenant/roles/:name", models.RolesWrite, con.ChangeRole),
		page(GET, "/t/:tenant/roles/:name/delete", models.RolesWrite, con.ConfirmDeleteRole),
		page(POST, "/t/:tenant/roles/:name/delete", models.RolesWrite, con.DeleteRole),

		page(GET, "/t/:tenant/tenant-tokens", models.TenantTokensRead, con.TenantTokens),
		page(GET, "/t/:tenant/tenant-tokens/:id/revoke", models.TenantTokensWrite, con.ConfirmRevokeTenantToken),
		page(POST, "/t/:tenant/tenant-tokens/:id/revoke", models.TenantTokensWrite, con.RevokeTenantToken),

		page(GET, "/t/:tenant/applications", models.ApplicationsRead, con.Applications),
		page(POST, "/t/:tenant/applications", models.ApplicationsWrite, con.CreateApplication),
		page(GET, "/t/:tenant/applications/new", models.ApplicationsWrite, con.NewApplication),
		page(GET, "/t/:tenant/applications/:id", models.ApplicationsRead, con.Application),
		page(POST, "/t/:tenant/applications/:id", models.ApplicationsWrite, con.ChangeApplication),
		page(GET, "/t/:tenant/applications/:id/edit", models.ApplicationsWrite, con.EditApplication),
		page(GET, "/t/:tenant/applications/:id/delete", models.ApplicationsWrite, con.ConfirmDeleteApplication),
		page(POST, "/t/:tenant/applications/:id/delete", models.ApplicationsWrite, con.DeleteApplication),
		page(GET, "/t/:tenant/applications/:id/keys", models.ApplicationsRead, con.ApplicationKeys),
		page(POST, "/t/:tenant/applications/:id/keys", models.ApplicationsWrite, con.AddKey),
		page(GET, "/t/:tenant/applications/:id/keys/:key/revoke", models.ApplicationsWrite, con.ConfirmRevokeKey),
		page(POST, "/t/:tenant/applications/:id/keys/:key/revoke", models.ApplicationsWrite, con.RevokeKey),
		page(GET, "/t/:tenant/applications/:id/users", models.ApplicationsRead, con.ApplicationUsers),
		page(GET, "/t/:tenant/applications/:id/users/:username/revoke", models.ApplicationsWrite, con.ConfirmRevokeUser),
		page(POST, "/t/:tenant/applications/:id/users/:username/revoke", models.ApplicationsWrite, con.RevokeUser),
		page(GET, "/t/:tenant/profile/applications/:id/revoke", models.TokensWrite, con.ConfirmRevokeAuthorisation),
		page(POST, "/t/:tenant/profile/applications/:id/revoke", models.TokensWrite, con.RevokeAuthorisation),

		page(GET, "/t/:tenant/policy", models.PolicyRead, con.Policy),
		page(POST, "/t/:tenant/policy", models.PolicyWrite, con.ChangePolicy),

		page(GET, "/t/:tenant/audit", models.AuditRead, con.Audit),
		page(GET, "/t/:tenant/audit.csv", models.AuditRead, con.AuditCSV),

		bare(GET, "/.well-known/oauth-authorization-server", apps.Metadata),
		bare(GET, "/.well-known/oauth-protected-resource", apps.ResourceMetadata),
		open(GET, "/oauth2/authorize", con.Authorize),
		open(POST, "/oauth2/authorize", con.DecideAuthorization),
		oauth(POST, "/oauth2/token", apps.Token),
		oauth(POST, "/oauth2/introspect", apps.Introspect),
		oauth(POST, "/oauth2/revoke", apps.Revoke),
		oauth(POST, "/oauth2/device_authorization", apps.StartDevice),
		open(GET, "/device", con.DevicePage),
		open(POST, "/device", con.Device),

		page(GET, "/t/:tenant/forward-auth", models.ProfileRead, con.ForwardAuth),
		verify("/verify", handlers.Verify),
		appended("/verify", handlers.VerifyAppended),

		entrance(apinizerEntrance, POST, "/apiops/auth/token", others.ApinizerToken),
		entrance(apinizerEntrance, GET, "/apiops/test/healthcheck", handlers.ApinizerHealth),
		apinizer(GET, "/test/hello/:name", models.Proved, handlers.ApinizerHello),
		entrance(purewlSurface, POST, "/auth/v1/accessToken", others.PureWLToken),
		entrance(passwordSurface, POST, "/authorization", others.PasswordToken),

		bare(GET, "/api/openapi.json", openAPI),
		bare(GET, "/api/v1/ping", ping),

		api(GET, "/me", models.Proved, apis.Me),
		api(GET, "/tokens", models.TokensRead, handlers.JSON(http.StatusOK, apis.Tokens)),
		api(POST, "/tokens", models.TokensWrite, handlers.JSON(http.StatusCreated, apis.CreateToken)),
		api(GET, "/tokens/current", models.Proved, handlers.JSON(http.StatusOK, apis.CurrentToken)),
		api(DELETE, "/tokens/current", models.Proved, handlers.JSON(http.StatusNoContent, apis.RevokeCurrent)),
		api(GET, "/tokens/:id", models.TokensRead, handlers.JSON(http.StatusOK, apis.Token)),
		api(PATCH, "/tokens/:id", models.TokensWrite, handlers.JSON(http.StatusOK, apis.ChangeToken)),
		api(DELETE, "/tokens/:id", models.TokensWrite, handlers.JSON(http.StatusNoContent, apis.RevokeToken)),

		api(GET, "/members", models.MembersRead, handlers.JSON(http.StatusOK, apis.Members)),
		api(POST, "/members", models.MembersWrite, handlers.JSON(http.StatusCreated, apis.Invite)),
		api(GET, "/members/:username", models.MembersRead, handlers.JSON(http.StatusOK, apis.Member)),
		api(PATCH, "/members/:username", models.MembersWrite, handlers.JSON(http.StatusOK, apis.ChangeMember)),
		api(DELETE, "/members/:username", models.MembersWrite, handlers.JSON(http.StatusNoContent, apis.RemoveMember)),

		api(GET, "/roles", models.RolesRead, handlers.JSON(http.StatusOK, apis.Roles)),
		api(POST, "/roles", models.RolesWrite, handlers.JSON(http.StatusCreated, apis.CreateRole)),
		api(GET, "/roles/:name", models.RolesRead, handlers.JSON(http.StatusOK, apis.Role)),
		api(PATCH, "/roles/:name", models.RolesWrite, handlers.JSON(http.StatusOK, apis.ChangeRole)),
		api(DELETE, "/roles/:name", models.RolesWrite, handlers.JSON(http.StatusNoContent, apis.DeleteRole)),

		api(GET, "/tenant-tokens", models.TenantTokensRead, handlers.JSON(http.StatusOK, apis.TenantTokens)),
		api(DELETE, "/tenant-tokens/:id", models.TenantTokensWrite, handlers.JSON(http.StatusNoContent, apis.RevokeTenantToken)),

		api(GET, "/applications", models.ApplicationsRead, handlers.JSON(http.StatusOK, apis.Applications)),
		api(POST, "/applications", models.ApplicationsWrite, handlers.JSON(http.StatusCreated, apis.CreateApplication)),
		api(GET, "/applications/:id", models.ApplicationsRead, handlers.JSON(http.StatusOK, apis.Application)),
		api(PATCH, "/applications/:id", models.ApplicationsWrite, handlers.JSON(http.StatusOK, apis.ChangeApplication)),
		api(DELETE, "/applications/:id", models.ApplicationsWrite, handlers.JSON(http.StatusNoContent, apis.RemoveApplication)),
		api(GET, "/applications/:id/secrets", models.ApplicationsRead, handlers.JSON(http.StatusOK, apis.Secrets)),
		api(POST, "/applications/:id/secrets", models.ApplicationsWrite, handlers.JSON(http.StatusCreated, apis.AddSecret)),
		api(DELETE, "/applications/:id/secrets/:secret_id", models.ApplicationsWrite, handlers.JSON(http.StatusNoContent, apis.RevokeSecret)),

		api(GET, "/policy", models.PolicyRead, handlers.JSON(http.StatusOK, apis.Policy)),
		api(PATCH, "/policy", models.PolicyWrite, handlers.JSON(http.StatusOK, apis.ChangePolicy)),

		api(GET, "/audit-events", models.AuditRead, handlers.JSON(http.StatusOK, apis.AuditEvents)),

		api(GET, "/projects", models.ProjectsRead, handlers.JSON(http.StatusOK, apis.Projects)),
		api(POST, "/projects", models.ProjectsWrite, handlers.JSON(http.StatusCreated, apis.CreateProject)),
		api(GET, "/projects/:project", models.ProjectsRead, handlers.JSON(http.StatusOK, apis.Project)),
		api(PATCH, "/projects/:project", models.ProjectsWrite, handlers.JSON(http.StatusOK, apis.ChangeProject)),
		api(DELETE, "/projects/:project", models.ProjectsWrite, handlers.JSON(http.StatusNoContent, apis.DeleteProject)),
		api(GET, "/environments", models.ProjectsRead, handlers.JSON(http.StatusOK, apis.Environments)),
		api(POST, "/environments", models.EnvironmentsWrite, handlers.JSON(http.StatusCreated, apis.CreateEnvironment)),
		api(GET, "/environments/:environment", models.ProjectsRead, handlers.JSON(http.StatusOK, apis.Environment)),
		api(PATCH, "/environments/:environment", models.EnvironmentsWrite, handlers.JSON(http.StatusOK, apis.ChangeEnvironment)),
		api(DELETE, "/environments/:environment", models.EnvironmentsWrite, handlers.JSON(http.StatusNoContent, apis.DeleteEnvironment)),
		api(GET, "/projects/:project/connections", models.ConnectionsRead, handlers.JSON(http.StatusOK, apis.Connections)),
		api(POST, "/projects/:project/connections", models.ConnectionsWrite, handlers.JSON(http.StatusCreated, apis.CreateConnection)),
		api(GET, "/projects/:project/connections/:name", models.ConnectionsRead, handlers.JSON(http.StatusOK, apis.Connection)),
		api(PATCH, "/projects/:project/connections/:name", models.ConnectionsWrite, handlers.JSON(http.StatusOK, apis.ChangeConnection)),
		api(DELETE, "/projects/:project/connections/:name", models.ConnectionsWrite, handlers.JSON(http.StatusNoContent, apis.DeleteConnection)),
		api(GET, "/projects/:project/credentials", models.CredentialsRead, handlers.JSON(http.StatusOK, apis.Credentials)),
		api(POST, "/projects/:project/credentials", models.CredentialsWrite, handlers.JSON(http.StatusCreated, apis.CreateCredential)),
		api(GET, "/projects/:project/credentials/:name", models.CredentialsRead, handlers.JSON(http.StatusOK, apis.Credential)),
		api(PATCH, "/projects/:project/credentials/:name", models.CredentialsWrite, handlers.JSON(http.StatusOK, apis.ChangeCredential)),
		api(DELETE, "/projects/:project/credentials/:name", models.CredentialsWrite, handlers.JSON(http.StatusNoContent, apis.DeleteCredential)),
		api(GET, "/projects/:project/certificates", models.CertificatesRead, handlers.JSON(http.StatusOK, apis.Certificates)),
		api(POST, "/projects/:project/certificates", models.CertificatesWrite, handlers.JSON(http.StatusCreated, apis.CreateCertificate)),
		api(GET, "/projects/:project/certificates/:name", models.CertificatesRead, handlers.JSON(http.StatusOK, apis.Certificate)),
		api(PATCH, "/projects/:project/certificates/:name", models.CertificatesWrite, handlers.JSON(http.StatusOK, apis.ChangeCertificate)),
		api(DELETE, "/projects/:project/certificates/:name", models.CertificatesWrite, handlers.JSON(http.StatusNoContent, apis.DeleteCertificate)),
		api(GET, "/projects/:project/proxies", models.ProxiesRead, handlers.JSON(http.StatusOK, apis.Proxies)),
		api(POST, "/projects/:project/proxies", models.ProxiesWrite, handlers.JSON(http.StatusCreated, apis.CreateProxy)),
		api(GET, "/projects/:project/proxies/:name", models.ProxiesRead, handlers.JSON(http.StatusOK, apis.Proxy)),
		api(PATCH, "/projects/:project/proxies/:name", models.ProxiesWrite, handlers.JSON(http.StatusOK, apis.ChangeProxy)),
		api(DELETE, "/projects/:project/proxies/:name", models.ProxiesWrite, handlers.JSON(http.StatusNoContent, apis.DeleteProxy)),
		api(GET, "/projects/:project/proxies/:name/deployments", models.DeploymentsRead, handlers.JSON(http.StatusOK, apis.Deployments)),
		api(GET, "/projects/:project/proxies/:name/deployments/:environment", models.DeploymentsRead, handlers.JSON(http.StatusOK, apis.Deployment)),
		api(PUT, "/projects/:project/proxies/:name/deployments/:environment", models.DeploymentsWrite, handlers.JSON(http.StatusOK, apis.Deploy)),
		api(DELETE, "/projects/:project/proxies/:name/deployments/:environment", models.DeploymentsWrite, handlers.JSON(http.StatusNoContent, apis.Undeploy)),
		api(GET, "/projects/:project/proxies/:name/deployments/:environment/history", models.DeploymentsRead, handlers.JSON(http.StatusOK, apis.DeploymentHistory)),
		api(POST, "/projects/:project/proxies/:name/deployments/:environment/restore", models.DeploymentsWrite, handlers.JSON(http.StatusOK, apis.RedeployEarlier)),
	}
}
