# Everything a contributor types. `make` alone lists it.

SHELL := /bin/bash
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOLANGCI_VERSION := v2.15.0
GOLANGCI := .tools/bin/golangci-lint-$(GOLANGCI_VERSION)

# PKG narrows the test targets, ARGS adds to their flags.
PKG ?= ./...
ARGS ?=
FUZZTIME ?= 10s

# gocv links the whole of OpenCV unless it is built with the tag customenv; these are the parts
# that its root package needs. DLIB=1 adds dlib's detector and recogniser (scripts/setup.sh dlib installs it).
TAG_LIST := customenv
ifeq ($(DLIB),1)
TAG_LIST := customenv,dlib
endif
TAGS = -tags $(TAG_LIST)
export CGO_CPPFLAGS := -I/usr/include/opencv4
export CGO_LDFLAGS := $(addprefix -lopencv_,core imgproc imgcodecs objdetect calib3d dnn \
	features2d highgui video videoio photo)

WITH_POSTGRES := scripts/with-postgres.sh
SCRIPTS := .ci/run $(wildcard scripts/*.sh scripts/setup/*.sh)

.NOTPARALLEL:
.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what Visage needs (Debian 12, 13, Ubuntu 24.04; may be run again)
	scripts/setup.sh

.PHONY: build
build: ## Build bin/visage (with dlib's models: DLIB=1)
	go build $(TAGS) -ldflags '-X main.version=$(VERSION)' -o bin/visage ./cmd/visage

.PHONY: test
test: lint build test-race ## Check formatting, vet, lint, then test all with the race detector

.PHONY: test-race
test-race: build ## Test PKG with the race detector, on a private Postgres
	$(WITH_POSTGRES) go test -race -timeout 45m $(TAGS) $(ARGS) $(PKG)

.PHONY: test-dlib
test-dlib: TAG_LIST := customenv,dlib
test-dlib: $(GOLANGCI) ## Build with dlib and test its detector and network
	mkdir -p .build
	go build $(TAGS) -o .build/visage-dlib ./cmd/visage
	go vet $(TAGS) ./embed/internal/dlib ./embed/internal/dlibtest ./embed/detect ./embed/recognize
	$(GOLANGCI) run --build-tags $(TAG_LIST) ./embed/internal/dlib ./embed/internal/dlibtest ./embed/detect ./embed/recognize
	go test $(TAGS) $(ARGS) ./embed/internal/dlib
	go test $(TAGS) $(ARGS) -run Dlib ./embed/detect ./embed/recognize

.PHONY: cover
cover: build ## Test PKG and print how much of each function was run
	mkdir -p .build
	$(WITH_POSTGRES) go test $(TAGS) -coverpkg=./... -coverprofile=.build/cover.out $(ARGS) $(PKG)
	go tool cover -func=.build/cover.out

.PHONY: bench
bench: build ## Run the benchmarks of PKG
	$(WITH_POSTGRES) go test $(TAGS) -run '^$$' -bench . -benchmem $(ARGS) $(PKG)

.PHONY: fuzz
fuzz: ## Run each fuzz test of PKG for FUZZTIME
	scripts/fuzz.sh '$(FUZZTIME)' $(TAGS) $(PKG)

.PHONY: lint
lint: $(GOLANGCI) ## Check formatting, go vet, linters, the import table
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then \
		echo "not formatted (make fmt does it):"; echo "$$unformatted"; exit 1; fi
	go vet $(TAGS) ./...
	$(GOLANGCI) run --build-tags $(TAG_LIST) ./...

.PHONY: fmt
fmt: ## Format the Go files
	gofmt -w .

.PHONY: verify
verify: ## Check go.mod against the sources, and the shell scripts
	go mod verify
	go mod tidy -diff
	@set -e; for script in $(SCRIPTS); do bash -n $$script; done
	@if command -v shellcheck >/dev/null; then shellcheck -x $(SCRIPTS); \
	else echo "shellcheck is not installed: the scripts were only parsed"; fi

.PHONY: db-up
db-up: build ## Start the private Postgres and print its address
	bin/visage db start

.PHONY: db-reset
db-reset: build ## Throw the private Postgres away, with all that was enrolled (needs YES=1)
	@if [ "$(YES)" != 1 ]; then \
		echo "this deletes every enrolled face: make db-reset YES=1"; exit 1; fi
	bin/visage db stop
	rm -rf "$$(. scripts/home.sh && visage_home)/postgres"
	bin/visage db start
	bin/visage migrate up

.PHONY: migrate
migrate: build ## Bring the database's schema up to date
	bin/visage migrate up

.PHONY: eval
eval: build ## Measure on the pairs of VISAGE_TEST_PHOTOS (models: VISAGE_TEST_MODELS; flags: ARGS)
	@if [ -z "$$VISAGE_TEST_PHOTOS" ]; then \
		echo "set VISAGE_TEST_PHOTOS to a folder with pairs.csv and the photographs it names"; exit 1; fi
	bin/visage eval verify --pairs "$$VISAGE_TEST_PHOTOS/pairs.csv" --root "$$VISAGE_TEST_PHOTOS" \
		$${VISAGE_TEST_MODELS:+--models "$$VISAGE_TEST_MODELS"} $(ARGS)

.PHONY: demo
demo: setup build ## From nothing to named faces (yours: FACES=folder PROBE=photograph)
	bin/visage demo $(if $(FACES),--faces "$$FACES") $(if $(PROBE),--probe "$$PROBE")

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin .build .tools

$(GOLANGCI):
	GOBIN="$(CURDIR)/.tools/bin" CGO_ENABLED=0 go install \
		github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv .tools/bin/golangci-lint $@
