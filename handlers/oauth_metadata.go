package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"latchkey/models"
)

// Metadata answers GET /.well-known/oauth-authorization-server (RFC 8414).
func (o OAuth) Metadata(c echo.Context) error {
	secrets := []string{"client_secret_basic", "client_secret_post"}
	return c.JSON(http.StatusOK, map[string]any{
		"issuer":                                         issuer(o.BaseURL),
		"authorization_endpoint":                         o.at("/oauth2/authorize"),
		"token_endpoint":                                 o.at("/oauth2/token"),
		"introspection_endpoint":                         o.at("/oauth2/introspect"),
		"revocation_endpoint":                            o.at("/oauth2/revoke"),
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token", "client_credentials", grantDevice},
		"device_authorization_endpoint":                  o.at("/oauth2/device_authorization"),
		"code_challenge_methods_supported":               []string{"S256"},
		"token_endpoint_auth_methods_supported":          append(secrets, "none"),
		"revocation_endpoint_auth_methods_supported":     append(secrets, "none"),
		"introspection_endpoint_auth_methods_supported":  secrets,
		"authorization_response_iss_parameter_supported": true,
		"scopes_supported":                               texts(models.Catalogue()),
		"service_documentation":                          o.at("/api/docs"),
	})
}

// ResourceMetadata answers GET /.well-known/oauth-protected-resource (RFC 9728).
func (o OAuth) ResourceMetadata(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{
		"resource":                 issuer(o.BaseURL),
		"resource_name":            "Latchkey",
		"authorization_servers":    []string{issuer(o.BaseURL)},
		"bearer_methods_supported": []string{"header"},
		"scopes_supported":         texts(models.Catalogue()),
		"resource_documentation":   o.at("/api/docs"),
	})
}
