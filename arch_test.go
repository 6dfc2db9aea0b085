package apiphant_test

import (
	"go/build"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/apiphant/apiphant"

// arrows is the structure of the house: what each package may import, besides
// the standard library. A package of this module is named by its folder, "." is
// the root; everything else is a module, or a package below one. Tests may
// import what they like.
//
// A package that is not here fails, and so does an arrow that is not here: say
// in docs/adr why it is needed before adding it.
var arrows = map[string][]string{
	// The vocabulary, and the pipeline. It knows no transport.
	"internal/rule":       {},
	"internal/fields":     {},
	"internal/upload":     {},                  // files that come with a request
	"internal/parameter":  {"internal/fields"}, // texts that came outside of JSON
	"internal/gunzip":     {"github.com/klauspost/compress"},
	"internal/decode":     {"internal/rule", "internal/fields", "internal/parameter", "internal/upload"},
	"internal/jsongen":    {}, // for the tests of both
	"internal/encode":     {"internal/fields", "github.com/goccy/go-json"},
	"internal/trace":      {},
	"internal/safely":     {},
	"internal/requesturi": {},
	"internal/hosts":      {"golang.org/x/net"}, // also what the address of --admin may be asked as
	"internal/function":   {},                   // the name of a function, and where it stands
	".":                   {"internal/rule", "internal/fields", "internal/decode", "internal/encode", "internal/gunzip", "internal/hosts", "internal/requesturi", "internal/safely", "internal/trace", "internal/upload"},

	// What a product's functions and its package api use.
	"rest":       {"."},
	"validation": {".", "internal/rule", "internal/decode", "internal/parameter"},

	// Who is calling.
	"auth":            {".", "internal/decode", "internal/keyset", "github.com/golang-jwt/jwt/v5", "github.com/alexedwards/argon2id", "golang.org/x/sync"},
	"internal/keyset": {"github.com/go-jose/go-jose/v4"},

	// The answers that functions write themselves, the same through every door.
	"internal/response": {},

	// Doors never import each other. nethttp's is also for others to build on that
	// make an *http.Request of what they are sent.
	"internal/forwarded":         {},
	"nethttp":                    {".", "internal/response", "internal/forwarded"},
	"lambda":                     {".", "background", "background/engine", "internal/decode", "internal/encode", "internal/function", "internal/jobmessage", "internal/requesturi", "internal/response", "internal/safely", "internal/trace", "github.com/aws/aws-lambda-go"},
	"internal/runtimeapi":        {"github.com/aws/aws-lambda-go"},
	"internal/inprocess":         {"."}, // what a handler answers, for who asked in the same process
	"server":                     {".", "internal/address", "internal/forwarded", "internal/requesturi", "internal/response", "internal/trace", "server/internal/connection", "server/internal/http1", "github.com/valyala/fasthttp", "github.com/coreos/go-systemd/v22", "github.com/prometheus/client_golang"},
	"server/internal/connection": {"internal/safely", "golang.org/x/sys"}, // knows no HTTP
	"server/internal/http1":      {},                                      // knows no connection

	// The one database of a program, below all that keep data there.
	"database":          {},
	"database/postgres": {"database", "github.com/jackc/pgx/v5"},
	"database/sqlite":   {"database", "modernc.org/sqlite"},

	// Schedules and jobs.
	"background":                            {"background/engine", "background/internal/tick"}, // what a product names
	"background/engine":                     {"database"},                                      // what an engine has to do
	"background/internal/tick":              {},
	"internal/jobmessage":                   {"background/engine"}, // a job as a message of a queue
	"background/worker":                     {"background", "background/engine", "background/internal/tick", "internal/safely", "background/worker/internal/background", "database", "github.com/robfig/cron/v3"},
	"background/worker/internal/background": {".", "background", "internal/function", "internal/safely"},
	"background/metrics":                    {"background/engine", "github.com/prometheus/client_golang"},

	// The durable engines: what they share, and each with its driver.
	"background/internal/durable":    {"background/engine", "database", "internal/safely", "github.com/riverqueue/river"},
	"background/internal/enginetest": {"background", "background/engine", "background/worker", "database", "github.com/riverqueue/river"},
	"background/sqlite":              {"background", "background/engine", "background/internal/durable", "database", "database/sqlite", "github.com/riverqueue/river"},
	"background/postgres":            {"background", "background/engine", "background/internal/durable", "database", "database/postgres", "github.com/riverqueue/river", "github.com/jackc/pgx/v5"},
	"background/sqs":                 {"background", "background/engine", "database", "internal/jobmessage", "internal/safely", "github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	"internal/pgtest":                {}, // a PostgreSQL for tests

	// A ready-made hook.
	"background/mail": {"background", "github.com/wneessen/go-mail"},

	// What commands have in common, and programs that run.
	"internal/address":   {},
	"internal/ending":    {},
	"internal/command":   {"github.com/spf13/cobra", "github.com/spf13/pflag"},
	"internal/logging":   {".", "internal/command", "internal/safely", "go.uber.org/zap", "github.com/spf13/pflag"},
	"internal/accesslog": {"internal/logging"},
	"internal/admin":     {"database", "internal/address", "internal/command", "internal/hosts", "internal/logging", "github.com/prometheus/client_golang", "github.com/spf13/pflag"},

	// What a built product is as a program. Each door is linked only where the
	// generated main names it: program itself knows none.
	"program": {".", "database", "internal/command", "internal/safely", "github.com/spf13/cobra"},
	"program/serve": {".", "program", "server", "database", "internal/accesslog", "internal/address", "internal/command", "internal/ending", "internal/logging", "internal/admin",
		"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/coreos/go-systemd/v22", "golang.org/x/sys"},
	"program/background": {".", "program", "background", "background/engine", "background/metrics", "background/worker",
		"database", "internal/command", "internal/ending", "internal/logging", "internal/admin", "github.com/spf13/cobra", "github.com/spf13/pflag"},

	"program/lambda": {".", "program", "background", "background/engine", "lambda", "internal/accesslog", "internal/command", "internal/ending", "internal/logging", "internal/runtimeapi", "internal/safely",
		"github.com/aws/aws-lambda-go", "github.com/spf13/cobra", "github.com/spf13/pflag"},

	// What makes a program of a product's folder, and a folder of a template.
	"internal/origin":      {"golang.org/x/mod"},
	"internal/wholefile":   {}, // a file that is replaced as a whole
	"internal/product":     {"internal/origin", "github.com/fsnotify/fsnotify", "golang.org/x/mod"},
	"templates":            {},
	"internal/supervisord": {},
	"deploy":               {".", "internal/supervisord", "internal/wholefile", "internal/command", "server", "templates", "internal/origin", "golang.org/x/mod"},

	// Tests of products, and of doors.
	"apitest":       {".", "nethttp", "internal/inprocess", "internal/safely", "internal/product", "github.com/google/go-cmp"},
	"doortest":      {".", "validation", "github.com/rogpeppe/go-internal/txtar"},
	"internal/load": {},

	// A client of functions behind Lambda, for any Go program.
	"lambdahttp": {"github.com/aws/aws-sdk-go-v2"},

	// AWS Lambda on this machine: processes and the APIs of AWS; how gateways translate.
	"internal/lambdaemulator":         {"internal/lambdaemulator/gateway"},
	"internal/lambdaemulator/gateway": {},
	"internal/lambdaemulator/sample":  {},

	// What docs/reliability.md says, measured.
	"reliability": {"internal/load"},

	// Commands.
	"internal/cli":            {"apitest", "internal/keyset", "internal/origin", "internal/product", "internal/wholefile", "lambdahttp", "deploy", "program/serve", "program/background", "program/lambda", "internal/command", "internal/lambdaemulator", "internal/lambdaemulator/gateway", "internal/lambdaemulator/sample", "server", "github.com/spf13/cobra", "github.com/spf13/pflag"},
	"cmd/apiphant":            {"internal/cli"},
	"cmd/apiphant-background": {"internal/cli"},
}

// productsImports is what the packages of a product may import, as a user's may,
// besides each other.
var productsImports = []string{".", "auth", "validation", "rest", "apitest", "background", "background/sqlite", "background/postgres", "background/sqs", "background/mail", "database", "database/sqlite", "database/postgres", "lambda"}

// productOf returns the product that a folder belongs to, "" where it is none's.
func productOf(folder string) string {
	parts := strings.SplitN(folder, "/", 3)
	if len(parts) == 3 && slices.Contains([]string{"templates", "examples", "reliability"}, parts[0]) {
		return parts[0] + "/" + parts[1]
	}
	return ""
}

func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	for folder, imports := range packages(t) {
		allowed, known := arrows[folder]
		if product := productOf(folder); product != "" {
			allowed, known = productsImports, true
			imports = slices.DeleteFunc(imports, func(path string) bool {
				return strings.HasPrefix(path, modulePath+"/"+product+"/")
			})
		}
		if !known {
			t.Errorf("package %s has no place in the house: see arrows", folder)
			continue
		}
		seen[folder] = true
		for _, path := range imports {
			if !isAllowed(folder, path, allowed) {
				t.Errorf("package %s may not import %s: see arrows", folder, path)
			}
		}
	}
	for folder := range arrows {
		if !seen[folder] {
			t.Errorf("arrows speak of %s, where there is no package", folder)
		}
	}
}

func isAllowed(folder, path string, allowed []string) bool {
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	if path == modulePath {
		return slices.Contains(allowed, ".")
	}
	if inner, ok := strings.CutPrefix(path, modulePath+"/"); ok {
		return slices.Contains(allowed, inner)
	}
	return slices.ContainsFunc(allowed, func(module string) bool {
		return path == module || strings.HasPrefix(path, module+"/")
	})
}

// packages returns the imports of each package of the module, by folder,
// whatever system its files are for.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(folder string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if name := entry.Name(); folder != "." && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
			return filepath.SkipDir
		}
		if nested, _ := filepath.Glob(filepath.Join(folder, "go.mod")); folder != "." && len(nested) > 0 {
			return filepath.SkipDir
		}
		every := build.Default
		every.UseAllFiles = true
		read, err := every.ImportDir(folder, 0)
		if _, none := err.(*build.NoGoError); none || read == nil || len(read.GoFiles)+len(read.CgoFiles) == 0 {
			return nil
		}
		found[filepath.ToSlash(folder)] = read.Imports
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 5 {
		t.Fatalf("found only %d packages: the test looks at the wrong folder", len(found))
	}
	return found
}
