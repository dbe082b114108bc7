# Two commands do it all: `go run ./cmd/latchkey` serves, `make test` passes.

WITH_POSTGRES = .ci/with-postgres
FUZZTIME = 10s
SIZES = 1000,1000000

CLIENTS = web/testdata/clients

.PHONY: help dev build clients test race fuzz lint check golden generate bench prove

help: ## say what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

dev: ## serve, and start again at every change, on http://localhost:7331
	go tool templ generate --watch --open-browser=false --proxy=http://localhost:8080 --cmd="go run ./cmd/latchkey"

build: ## build bin/latchkey
	go build -trimpath -o bin/latchkey ./cmd/latchkey

clients: $(CLIENTS)/node_modules/.package-lock.json ## fetch the OAuth clients for JavaScript that tests drive

$(CLIENTS)/node_modules/.package-lock.json: $(CLIENTS)/package.json $(CLIENTS)/package-lock.json
	npm ci --prefix $(CLIENTS)

test: clients ## run every test, on SQLite and PostgreSQL and in a real browser
	$(WITH_POSTGRES) go test -timeout 25m ./...

# Where a browser, a proxy, a client of others' or the model of withdrawal takes
# the time, nothing runs beside it that other tests do not run: make test has
# them all.
BESIDE = NoInterleaving|EachRuleOfWithdrawal|SeedOfSeveral|ForEverybody|Browser|Administering|TheListIsSearched|SeveralTokensAre|Themes|SwitchingTenants|AuditLogIsFiltered|StoredMarkup|LongNames|Keyboard|WithoutScript|CopyingOver|ReferenceIs|ALinkFills|ARefusedForm|SigningOutEverywhere|Proxies|Clients|TheGoClient
race: ## run the tests of what works at the same time under the race detector
	$(WITH_POSTGRES) go test -race -timeout 25m -skip '$(BESIDE)' ./models/... ./web/...

fuzz: ## run each fuzzer for FUZZTIME
	for f in $$(grep -ho 'func Fuzz[A-Za-z]*' models/*_test.go | cut -d' ' -f2); do \
		go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) ./models || exit 1; done

lint: ## look for what a reader would complain about
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -d $$(git ls-files '*.go'); exit 1; }
	go tool templ generate
	git diff --exit-code -- '*_templ.go'
	go mod tidy -diff
	go vet ./...
	CGO_ENABLED=0 go vet ./models ./cmd/latchkey
	go tool staticcheck ./...

check: lint test race ## everything that continuous integration does

golden: ## rewrite the golden files, then read the difference
	go test ./views ./web -run 'Golden|Page|RouteTable' -update

generate: ## turn templ files into Go
	go tool templ generate

bench: ## measure Latchkey against a bare Echo handler, with SIZES tokens
	$(WITH_POSTGRES) go run ./cmd/bench -sizes $(SIZES)

prove: ## look for a request that any of several servers lets in after its withdrawal, also when things break
	$(WITH_POSTGRES) go run ./cmd/prove
