package cli_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/apiphant/apiphant/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"apiphant": func() { os.Exit(cli.Apiphant(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) },
		"apiphant-background": func() {
			os.Exit(cli.ApiphantBackground(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
		},
	})
}

// TestScripts runs the scripts of testdata, each of which reads like a page of
// the manual.
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("builds several products")
	}
	environment := goEnvironment(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment...)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}

// goEnvironment lets the scripts, whose home is another, use the caches of who
// runs the test.
func goEnvironment(t *testing.T) (env []string) {
	t.Helper()
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOFLAGS", "GOSUMDB"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(value)))
	}
	return env
}

// status runs a command that must end with an exit status: status 2 apiphant
func status(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: status STATUS COMMAND …")
	}
	ts.Check(ts.Exec("sh", append([]string{"-c", `want=$1; shift; "$@"; got=$?; [ "$got" -eq "$want" ] || { echo "exit status $got" >&2; exit 1; }`, "status"}, args...)...))
}
