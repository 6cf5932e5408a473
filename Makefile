# Two commands set up a fresh Debian machine that has Go, git and make:
#   make demo    sees it work
#   make test    checks everything
# A bare `make` lists the rest.

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES     := . cmd/uds-state
ARGS        ?=
COUNT       ?= 5

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: demo
demo: ## 24 discovery sessions over one state, for 15 s (ARGS="--duration 5s --json")
	@scripts/need go golang
	@cd cmd/uds-state && go run . demo $(ARGS)

.PHONY: test
test: lint crossbuild ## everything that has to hold: lint, builds, tests, also with 32 bits
	@for module in $(MODULES); do (cd $$module && CGO_ENABLED=0 go test ./...) || exit 1; done
	@scripts/test32

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@scripts/need go golang
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }
	@for module in $(MODULES); do (cd $$module && go vet ./... && go run $(STATICCHECK) ./...) || exit 1; done
	@echo "lint passed"

.PHONY: crossbuild
crossbuild: ## build for linux, darwin and windows, on amd64 and arm64
	@scripts/crossbuild

.PHONY: race
race: ## the tests under the race detector
	@scripts/need gcc gcc
	@for module in $(MODULES); do (cd $$module && CGO_ENABLED=1 go test -race ./...) || exit 1; done

.PHONY: cover
cover: ## statement coverage, by package and in all
	@go test -coverprofile=cover.out -coverpkg=./... ./... && go tool cover -func=cover.out | tail -n 1

.PHONY: bench
bench: ## the engine's and the wheel's benchmarks, COUNT=5 times each
	@go test -run '^$$' -bench . -benchmem -count $(COUNT) -timeout 60m ./shard ./ttl .
