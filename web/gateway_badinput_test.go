package web_test

import (
	"fmt"
	"strings"
	"testing"
)

// collections are where named things are made, with a body that lacks the name.
var collections = map[string]string{
	"/projects": `"description":""`, shop + "/connections": `"base_url":"https://a.example"`, shop + "/credentials": `"kind":"bearer","token":"x"`,
	shop + "/proxies": `"route":"/x","connection":null`,
}

func TestBadNamesOfThings(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		var list []bad
		for _, name := range []string{`""`, `" "`, `null`, `1`, `true`, `[]`, `{}`, `"a\u0000b"`, `"a\nb"`, `"\u202eevil"`, `"a\u200bb"`, `"a/b"`, `"a\\b"`, `"a%2fb"`, `".."`, `"."`,
			`"a?b"`, `"a#b"`, `"a;b"`, `"\ud800"`, `"` + strings.Repeat("a", 101) + `"`, `"` + strings.Repeat("🔑", 101) + `"`, `"` + sc.ada.token + `"`, `"prj_01k7c3x9vqf4m8s2e0d6hj5ntb"`} {
			for path, rest := range collections {
				list = append(list, bad{"POST", path, `{` + rest + `,"name":` + name + `}`, 422, "invalid", "name"})
			}
			list = append(list, bad{"PATCH", shop, `{"name":` + name + `}`, 422, "invalid", "name"}, bad{"PATCH", shop + "/proxies/orders", `{"name":` + name + `}`, 422, "invalid", "name"},
				bad{"POST", "/environments", `{"name":` + name + `}`, 422, "invalid", "name"})
		}
		for _, name := range []string{`"Production"`, `"a b"`, `"a_b"`, `"-a"`, `"é"`, `"` + strings.Repeat("a", 64) + `"`} {
			list = append(list, bad{"POST", "/environments", `{"name":` + name + `}`, 422, "invalid", "name"}, bad{"PATCH", "/environments/staging", `{"name":` + name + `}`, 422, "invalid", "name"})
		}
		sc.refuse(t, sc.root, list...)
	})
}

func TestBadFieldsOfThings(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		connection, credential, certificate, proxy := shop+"/connections/orders-api", shop+"/credentials/orders-token", shop+"/certificates/ours", shop+"/proxies/orders"
		var list []bad
		refuse := func(path, field string, values ...string) {
			for _, v := range values {
				list = append(list, bad{"PATCH", path, fmt.Sprintf(`{"%s":%s}`, field, v), 422, "invalid", field})
			}
		}
		refuse(connection, "base_url", `""`, `null`, `1`, `"ftp://a.example"`, `"https://u:p@a.example"`, `"https://a.example/?q"`, `"https://a.example/#f"`, `"https://a.example/../x"`, `"javascript:alert(1)"`, `"a\u0000"`)
		refuse(connection, "timeout_ms", `0`, `99`, `300001`, `-1`, `1.5`, `1e309`, `"30000"`, `null`, `true`, `9223372036854775808`)
		refuse(connection, "credential", `""`, `"nothing"`, `1`, `[]`, `"a/b"`)
		refuse(connection, "ca_certificate", `""`, `"nothing"`, `1`)
		refuse(connection, "client_certificate", `""`, `"nothing"`, `{}`)
		refuse(credential, "kind", `""`, `"oauth"`, `null`, `"Bearer"`)
		refuse(credential, "token", `""`, `null`, `1`, `"a b"`, `"a\r\nX-Evil: 1"`, `"a\u0000"`)
		refuse(credential, "password", `"p"`)
		refuse(credential, "header", `"X-Key"`)
		refuse(certificate, "pem", `""`, `null`, `"nonsense"`, `1`)
		refuse(certificate, "key_pem", `"nonsense"`, `1`, `[]`)
		refuse(proxy, "route", `""`, `null`, `"orders"`, `"/a/../b"`, `"/a//b"`, `"/a/"`, `"/%2e%2e"`, `"/a;b"`, `"/a\\b"`, `"/a?b"`, `"/a#b"`, `"/a\u0000"`, `["/a"]`)
		refuse(proxy, "connection", `""`, `"nothing"`, `1`)
		refuse(proxy, "strip_route", `null`, `"true"`, `1`)
		refuse(proxy, "methods", `["get"]`, `["TRACE"]`, `[""]`, `"GET"`)
		refuse(proxy, "required_scopes", `null`, `"orders:read"`, `7`)
		refuse(proxy, "description", `null`, `7`, `"a\u0000"`, `"`+strings.Repeat("a", 501)+`"`)
		for _, v := range []string{`["*"]`, `["orders:*"]`, `["orders"]`, `[""]`, `"orders:read"`, `null`} {
			list = append(list, bad{"PATCH", proxy, `{"required_scopes":{"read":` + v + `}}`, 422, "invalid", "required_scopes.read"},
				bad{"PATCH", proxy, `{"required_scopes":{"write":` + v + `}}`, 422, "invalid", "required_scopes.write"})
		}
		sc.refuse(t, sc.root, list...)
		sc.refuse(t, sc.root,
			bad{"POST", "/projects", `{}`, 422, "invalid", "name"}, bad{"POST", "/environments", `{}`, 422, "invalid", "name"},
			bad{"POST", shop + "/connections", `{}`, 422, "invalid", "base_url name"}, bad{"POST", shop + "/credentials", `{}`, 422, "invalid", "kind name"},
			bad{"POST", shop + "/credentials", `{"name":"b","kind":"basic"}`, 422, "invalid", "password username"},
			bad{"POST", shop + "/credentials", `{"name":"b","kind":"header","header":"X-Latchkey-User","value":"x"}`, 422, "invalid", "header"},
			bad{"POST", shop + "/certificates", `{}`, 422, "invalid", "name pem"}, bad{"POST", shop + "/proxies", `{}`, 422, "invalid", "connection name route"},
			bad{"POST", deployments + "/production/restore", `{}`, 422, "invalid", "history_id"},
			bad{"POST", deployments + "/production/restore", `{"history_id":null}`, 422, "invalid", "history_id"},
			bad{"POST", deployments + "/production/restore", `{"history_id":"nonsense"}`, 404, "not_found", ""})
	})
}

func TestBadRequestsToTheGatewaysResources(t *testing.T) {
	eachScene(t, func(t *testing.T, sc *scene) {
		shops(t, sc.root)
		var list []bad
		for path := range collections {
			for _, body := range []string{"", "[]", "null", `{"nonsense":1}`, `{} {}`, `{"name":"a","name":"b"}`, `{"id":"x"}`, `{"tenant_id":"x"}`, `{"created_at":null}`, `{"project_id":"x"}`} {
				list = append(list, bad{"POST", path, body, 400, "invalid_json", ""})
			}
			for _, query := range []string{"limit=0", "limit=101", "limit=x"} {
				list = append(list, bad{"GET", path + "?" + query, "", 422, "invalid", "limit"})
			}
			list = append(list, bad{"GET", path + "?cursor=nonsense", "", 422, "invalid", "cursor"}, bad{"GET", path + "?limit=1&limit=2", "", 400, "invalid_request", ""},
				bad{"GET", path + "?q=" + strings.Repeat("a", 101), "", 422, "invalid", "q"}, bad{"PUT", path, `{}`, 405, "method_not_allowed", ""})
		}
		for _, field := range []string{"subject", "issuer", "not_after", "has_key", "sealed_key"} {
			list = append(list, bad{"PATCH", shop + "/certificates/ours", `{"` + field + `":null}`, 400, "invalid_json", ""})
		}
		list = append(list, bad{"PATCH", shop + "/proxies/orders", `{"required_scopes":{"admin":[]}}`, 400, "invalid_json", ""},
			bad{"PATCH", shop + "/proxies/orders", `{"required_scopes":{"read":[],"read":[]}}`, 400, "invalid_json", ""},
			bad{"PATCH", shop + "/proxies/orders", `{"read_scopes":[]}`, 400, "invalid_json", ""},
			bad{"POST", deployments, `{}`, 405, "method_not_allowed", ""}, bad{"PATCH", deployments + "/production", `{}`, 405, "method_not_allowed", ""},
			bad{"POST", deployments + "/production", `{}`, 405, "method_not_allowed", ""}, bad{"PUT", shop + "/proxies/orders", `{}`, 405, "method_not_allowed", ""})
		for _, odd := range []string{"0", "%00", "%0a", "%ff", "..", "%2e%2e", "shop%00", "shop%20", "%20shop", "prj_01k7c3x9vqf4m8s2e0d6hj5ntb", "shop%2forders", "shop;x", "*", "'%20OR%201=1--", strings.Repeat("a", 5000), "shop%2f"} {
			for _, path := range []string{"/projects/" + odd, "/environments/" + odd, shop + "/connections/" + odd, shop + "/credentials/" + odd, shop + "/certificates/" + odd, shop + "/proxies/" + odd,
				"/projects/" + odd + "/proxies/orders", shop + "/proxies/" + odd + "/deployments", deployments + "/" + odd} {
				list = append(list, bad{"GET", path, "", 404, "not_found", ""})
			}
			list = append(list, bad{"DELETE", "/projects/" + odd, "", 404, "not_found", ""}, bad{"PUT", deployments + "/" + odd, "", 404, "not_found", ""},
				bad{"PATCH", shop + "/proxies/" + odd, `{}`, 404, "not_found", ""})
		}
		sc.refuse(t, sc.root, list...)
		sc.refuse(t, sc.root, bad{"POST", shop + "/certificates", `{"name":"x","pem":"` + strings.Repeat("a", 1<<20) + `"}`, 413, "too_large", ""},
			bad{"POST", shop + "/certificates", `{"name":"x","pem":"` + strings.Repeat("a", 70_000) + `"}`, 422, "invalid", "pem"})
	})
}
