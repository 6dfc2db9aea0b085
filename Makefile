# make test is what CI runs; everything else is for who works here.

GO         ?= go
FUZZTIME   ?= 60s
SYSTEM     ?= ^TestSystem
# Releases are built with the newest patch of Go; go.mod asks for none in particular.
RELEASE_GO ?= go1.26.11
# Its results are kept where Go keeps its own. Collecting garbage more seldom, it needs
# nearly half the processor time.
STATICCHECK = GOGC=400 STATICCHECK_CACHE=$$($(GO) env GOCACHE)/staticcheck $(GO) tool -modfile=tools/go.mod staticcheck

# Everything is compiled as products are, without cgo, so that the standard library
# and all modules are compiled once; only the race detector needs cgo, and compiles
# them once more.
export CGO_ENABLED = 0

# A program with the race detector sleeps for a second before it ends, so that what
# still runs can be caught; the tests have waited for that already, and start dozens.
# What it keeps of the memory may be in huge pages: there are half as many page faults.
export GORACE = atexit_sleep_ms=0 no_huge_pages_for_shadow=0

# What tests build is linked without debugging information, in two thirds of the time.
# The variable would take the place of what go env -w has set.
test stdjson quick: export GOFLAGS := $(shell $(GO) env GOFLAGS) -ldflags=-s

# Packages that are tested without the race detector: no goroutine of theirs meets
# another, or, in doortest, they are tested with it by the tests of each door.
PLAIN = ./doortest ./examples/... ./internal/address ./internal/cli ./internal/fields ./internal/forwarded ./internal/lambdaemulator/gateway ./internal/lambdaemulator/sample \
	./internal/origin ./internal/requesturi ./server/internal/http1 ./templates/... ./validation

.PHONY: help
help: ## Print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The C of SQLite, as Go, is not instrumented: but for its static variables, its memory is
# not Go's, and the race detector looks at no other. All that calls it is instrumented.
RACE = -race -gcflags=modernc.org/sqlite/lib=-race=false

.PHONY: test
test: vet lint stdjson ## Lint, vet and run every test, with the race detector where goroutines meet
	CGO_ENABLED=1 $(GO) test -p 3 $(RACE) -vet=off $$($(GO) list ./... | grep -vxF "$$($(GO) list $(PLAIN))")
	$(GO) test -p 3 -vet=off $(PLAIN)
	$(GO) test -vet=off -run Conform ./lambda ./lambdahttp

.PHONY: test-system
test-system: ## Deploy on this very machine, as root; only with APIPHANT_TEST_SYSTEM=1. SYSTEM: which tests
	@[ "$$APIPHANT_TEST_SYSTEM" = 1 ] || { echo "this installs packages, adds a user, and writes to /etc, /opt and /var: it wants APIPHANT_TEST_SYSTEM=1"; exit 1; }
	$(GO) test -count=1 -v -timeout 20m -run '$(SYSTEM)' ./deploy

.PHONY: stdjson
stdjson: ## Run the tests that JSON has a part in, with encoding/json in place of go-json
	@if $(GO) list -deps -tags stdjson ./cmd/... ./program/... | grep goccy/go-json; then exit 1; fi
	$(GO) test -tags stdjson -vet=off -skip '^Test(Readme|FormFilesAreRemoved)$$' . ./internal/decode ./internal/encode ./doortest ./validation
	$(GO) test -tags stdjson -vet=off -run Conform ./server ./apitest

.PHONY: build
build: ## Compile everything
	$(GO) build ./...

.PHONY: install
install: ## Install the commands from this checkout
	$(GO) install ./cmd/apiphant ./cmd/apiphant-background

# Vetting a package vets all that it imports, anew for each way in which that is compiled:
# a minute of a processor. So it is done once, and go test does not vet. Collecting garbage
# more seldom takes a tenth of it away.
.PHONY: vet
vet: format ## Run go vet, and check that the code is as gofmt writes it
	GOGC=400 $(GO) vet ./...
	GOGC=400 $(GO) vet -tags stdjson ./internal/encode

.PHONY: format
format: ## Check that the code is as gofmt writes it
	@unformatted=$$(git ls-files '*.go' | grep -v /testdata/ | xargs gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "not as gofmt writes it: $$unformatted"; exit 1; fi

# Each system has a standard library of its own to compile: minutes, the first time.
.PHONY: portable
portable: ## Vet everything for macOS and Windows, and build a product for another processor
	GOOS=darwin $(GO) vet ./...
	GOOS=windows $(GO) vet ./...
	APIPHANT_TEST_PORTABLE=1 $(GO) test -count=1 -run '^TestPackage$$' ./deploy

.PHONY: lint
lint: ## Run staticcheck, at the version that tools/go.mod pins
	$(STATICCHECK) ./...

.PHONY: quick
quick: ## Run the tests without the race detector, go vet, and those that take long
	$(GO) test -p 4 -short -vet=off ./...

.PHONY: bench
bench: ## Measure what docs/benchmarks.md says of the bars, and write it; a quarter of an hour. BENCH=-all: all peers, too; BENCH=-cores: requests a second on many cores alone
	cd bench && $(GO) run . -o ../docs/benchmarks.md $(BENCH)

.PHONY: stages
stages: ## Run the benchmarks of each stage of a call, with what it allocates
	$(GO) test -run '^$$' -bench . -benchmem . ./internal/... ./server ./validation ./program

.PHONY: fuzz
fuzz: differential ## Run every fuzz test for FUZZTIME (60s); make test runs their saved corpus
	@set -e; for package in $$($(GO) list ./...); do \
		for name in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$name"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

# Types that were made at run time are never let go: ten processes, one after the other.
.PHONY: differential
differential: ## Decode 1,200,000 documents into 300,000 Go types, and encode values of 300,000, as encoding/json does
	@set -e; for part in 0 1 2 3 4 5 6 7 8 9; do \
		$(GO) test -count=1 -v -timeout 30m -run '^TestDifferential$$' ./internal/decode -args -types 30000 -documents 4 -seed $${part}000001; \
		$(GO) test -count=1 -v -timeout 30m -run '^TestDifferential$$' ./internal/encode -args -types 30000 -seed $${part}000001; \
	done

.PHONY: reliability
reliability: ## Measure what docs/reliability.md says, and write it; about ten minutes
	$(GO) run ./reliability -o docs/reliability.md

.PHONY: verify
verify: test ## Run the tests, those of the tools and the benchmark too, and check that go.mod and go.sum are tidy
	$(GO) mod tidy -diff
	cd tools && $(GO) mod tidy -diff && $(GO) vet ./... && $(GO) test ./...
	cd bench && $(GO) mod tidy -diff && $(GO) vet ./... && $(GO) test ./... && $(subst tools/,../tools/,$(STATICCHECK)) ./...

.PHONY: release
release: ## Write the archives of a release to dist/: of the commit, which a tag gives its version
	cd tools && $(GO) run ./release -toolchain $(RELEASE_GO) -o ../dist

.PHONY: background
background: ## Kill, stop and freeze workers on a PostgreSQL of their own, at full length, and measure the engines
	APIPHANT_FAILOVER=1 $(GO) test -count=1 -v -run 'Leader|Killed|Frozen|Restarted|Survive' ./background/postgres
	$(GO) test -run '^$$' -bench Jobs -benchtime 1x ./background/postgres ./background/sqlite
