# Two commands set up a fresh Debian machine that has Go, git and make:
#   make demo    sees it work
#   make test    checks everything
# A bare `make` lists the rest.

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES     := . cmd/uds-state bench
EXPLORED    := ./shard ./ttl ./internal/atomics ./internal/explore
ARGS        ?=
COUNT       ?= 5
FUZZTIME    ?= 30s
TRACES      ?=

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.PHONY: demo
demo: ## 24 discovery sessions over one state, for 15 s (ARGS="--duration 5s --json")
	@scripts/need go golang
	@cd cmd/uds-state && go run . demo $(ARGS)

.PHONY: serve
serve: ## an MCP server on http://127.0.0.1:8080/mcp, for this machine alone (ARGS="--stateful")
	@scripts/need go golang
	@cd cmd/uds-state && go run . serve --http 127.0.0.1:8080 --insecure-no-auth $(ARGS)

.PHONY: uds-state
uds-state: ## build the program into .bin/uds-state, for MCP clients that start it themselves
	@scripts/need go golang
	@cd cmd/uds-state && go build -o ../../.bin/uds-state .

.PHONY: load
load: ## 1,000 MCP sessions against one server for a minute: latency, memory, goroutines
	@cd cmd/uds-state && go test -run TestManySessions -v -timeout 10m . -load.sessions 1000 -load.think 5s -load.duration 60s

.PHONY: test
test: lint crossbuild explore ## everything that has to hold: lint, builds, interleavings, tests, also with 32 bits
	@scripts/need redis-server redis-server
	@scripts/need chromium chromium
	@for module in $(MODULES); do (cd $$module && CGO_ENABLED=0 go test ./...) || exit 1; done
	@scripts/test32

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@scripts/need go golang
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }
	@for module in $(MODULES); do (cd $$module && go vet ./... && go run $(STATICCHECK) ./...) || exit 1; done
	@go vet -tags explore $(EXPLORED) && go run $(STATICCHECK) -tags explore $(EXPLORED)
	@echo "lint passed"

.PHONY: crossbuild
crossbuild: ## build for linux, darwin and windows, on amd64 and arm64
	@scripts/crossbuild

.PHONY: race
race: ## the tests under the race detector
	@scripts/need gcc gcc
	@scripts/need redis-server redis-server
	@scripts/need chromium chromium
	@for module in $(MODULES); do (cd $$module && CGO_ENABLED=1 go test -race ./...) || exit 1; done

.PHONY: cover
cover: ## statement coverage, by package and in all
	@go test -coverprofile=cover.out -coverpkg=./... ./... && go tool cover -func=cover.out | tail -n 1

.PHONY: explore
explore: ## interleavings of the engine, exhaustively within bounds: about a minute
	@go test -tags explore ./internal/atomics ./internal/explore
	@go test -tags explore ./ttl -run TestExplore
	@cd shard && go test -tags explore -run 'TestExplore|TestReduction' -timeout 10m

.PHONY: explore-long
explore-long: ## the same with three preemptions and many more samples: hours
	@cd shard && go test -tags explore -run TestExplore -timeout 0 -explore.bound 3 -explore.limit 200000 -explore.seeds 2000 -explore.budget 30m

.PHONY: linearize-long
linearize-long: ## thousands of recorded histories against the model
	@go test ./shard -run TestHistoriesAreLinearizable -linearize.rounds 5000 -timeout 0

.PHONY: merge-long
merge-long: ## 100,000 histories of sessions merged, in Go and in Redis: a quarter of an hour
	@scripts/need redis-server redis-server
	@go test ./internal/merge -merge.histories 100000 -timeout 0
	@go test ./session -session.histories 10000 -timeout 0

.PHONY: sessions-long
sessions-long: ## three instances and 200 sessions, their lines cut and Redis set back at random for a minute; then all agree
	@scripts/need redis-server redis-server
	@go test . -run TestSessionsAgreeAfterPartitions -v -sessions.soak 60s -timeout 0

.PHONY: crash-long
crash-long: ## 500 kills of what writes snapshots, and 500 of a State under load: seven minutes
	@go test ./internal/snapshot -run TestAKilled -snapshot.kills 500 -timeout 0
	@go test . -run TestAKilled -state.kills 500 -timeout 0

.PHONY: churn
churn: ## three instances and a Redis that is killed, stopped, cut off and emptied for a minute
	@scripts/need redis-server redis-server
	@go test ./remote -run TestChurn -v -churn 60s -timeout 0
	@go test . -run TestChurn -v -churn 60s -timeout 0

.PHONY: redis-day
redis-day: ## a day's work with Redis in minutes: nothing piles up
	@scripts/need redis-server redis-server
	@go test ./remote -run TestADay -v -day 24h -timeout 0
	@go test . -run TestADay -v -day 24h -timeout 0

.PHONY: fuzz
fuzz: ## every fuzz target in turn, FUZZTIME=30s each
	@scripts/fuzz $(FUZZTIME)

.PHONY: mutate
mutate: ## break the source in every listed way, and see a test fail each time
	@go run ./internal/mutate
	@go run ./internal/mutate -module cmd/uds-state -lists mutations

.PHONY: bench
bench: ## us and every peer, turn by turn, with charts: 10 minutes
	@cd bench && go run . all -budget 10m -charts ../docs/charts

.PHONY: bench-quick
bench-quick: ## the same, smaller, in a minute
	@cd bench && go run . all -budget 1m

.PHONY: bench-hits
bench-hits: ## hit ratios over a folder of access traces (TRACES=folder)
	@test -n "$(TRACES)" || { echo "bench-hits: TRACES is not set; want a folder of access traces, as in: make bench-hits TRACES=../traces"; exit 2; }
	@cd bench && go run . hits -traces "$(abspath $(TRACES))" && go run . plot -charts ../docs/charts

.PHONY: bench-discovery
bench-discovery: ## queries spared, waits and ages over hours of recorded sessions, in virtual time: half a minute
	@cd bench && go test -count 1 -run TestDiscoveryIsSparedQueries -v ./discovery -discovery.arriving 4h -discovery.results "$(CURDIR)/bench/results"

.PHONY: bench-redis
bench-redis: ## what a Redis costs and gives, live, suspended and away: a minute
	@scripts/need redis-server redis-server
	@cd bench && go run . redis

.PHONY: bench-go
bench-go: ## the Go benchmarks of the engine, the wheel and the results, COUNT=5 times each
	@go test -run '^$$' -bench . -benchmem -count $(COUNT) -timeout 60m ./shard ./ttl ./nrql ./warm ./session ./internal/merge ./internal/snapshot ./auth ./remote .
