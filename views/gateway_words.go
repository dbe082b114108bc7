package views

import "strings"

var connectionFields = []Link{{"Name", "#name"}, {"Upstream", "#base_url"}, {"Timeout", "#timeout_ms"}, {"Credential", "#credential"},
	{"CA certificate", "#ca_certificate"}, {"Client certificate", "#client_certificate"}}

var credentialFields = []Link{{"Name", "#name"}, {"User name", "#username"}, {"Password", "#password"}, {"Header", "#header"},
	{"Value", "#value"}, {"Token", "#token"}}

var proxyFields = []Link{{"Name", "#name"}, {"Description", "#description"}, {"Route", "#route"}, {"Connection", "#connection"},
	{"Methods", "#methods"}, {"Scopes to read", "#read_scopes"}, {"Scopes to write", "#write_scopes"}}

// certificates names those that a connection uses.
func (r ConnectionRow) certificates() string {
	var used []string
	for _, name := range []string{r.CA, r.Client} {
		if name != "" && (len(used) == 0 || used[0] != name) {
			used = append(used, name)
		}
	}
	return list(used)
}

// sentAs is the header that the upstream gets, without the secret.
func (r CredentialRow) sentAs() string {
	switch r.Kind {
	case "basic":
		return "Authorization: Basic " + r.Username
	case "header":
		return r.Header
	}
	return "Authorization: Bearer"
}

// keeps says that an empty secret means the one that is stored.
func (p CredentialPage) keeps() bool { return p.Stored != "" && p.Kind == p.StoredKind }

// kinds lead to the form for each kind.
func (p CredentialPage) kinds() []tab {
	at := p.in("new-credential")
	if p.Stored != "" {
		at = p.in("credentials", p.Stored)
	}
	var kinds []tab
	for _, k := range []string{"bearer", "basic", "header"} {
		kinds = append(kinds, tab{k, kindWords(k), query(at, "kind", k), true})
	}
	return kinds
}

func (p CertificatePage) keyHint() string {
	if p.Stored.HasKey {
		return "Leave it empty to keep the one that is stored."
	}
	return "Needed to show the certificate to an upstream. It is stored encrypted. No page and no answer shows it again."
}

// needs says which scopes a class of methods asks for.
func needs(scopes []string) string {
	if len(scopes) == 0 {
		return "any token of the tenant"
	}
	return strings.Join(scopes, " ")
}

// connectionHint says who knows the connections, where no list of them is.
func (p ProxyFormPage) connectionHint() string {
	if p.Connection.Listed {
		return "Where its requests go."
	}
	return "Write its name. Whoever looks after connections knows it."
}
