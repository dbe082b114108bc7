package web_test

import (
	"os"
	"os/exec"
	"testing"

	"latchkey/models/modelstest"
)

const nodeClients = "testdata/clients"

// Two OAuth clients for JavaScript go through every grant against a real
// server, with somebody who signs in and decides.
func TestClientsForJavaScript(t *testing.T) {
	if _, err := os.Stat(nodeClients + "/node_modules"); err != nil {
		t.Fatalf("%s/node_modules is missing: run make clients, as make test does, which fetches them with npm ci", nodeClients)
	}
	for _, script := range []string{"oauth4webapi.test.mjs", "openid-client.test.mjs"} {
		t.Run(script, func(t *testing.T) {
			modelstest.EachDatabase(t, func(t *testing.T, database string) {
				l := goesLive(t, database)
				node := exec.CommandContext(t.Context(), "node", "--test", script)
				node.Dir = nodeClients
				node.Env = append(os.Environ(), "LATCHKEY_URL="+l.url, "LATCHKEY_USERNAME=ada", "LATCHKEY_PASSWORD="+passphrase,
					"CONFIDENTIAL_ID="+l.confidential.ID, "CONFIDENTIAL_SECRET="+l.secret, "PUBLIC_ID="+l.public.ID)
				if out, err := node.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		})
	}
}
