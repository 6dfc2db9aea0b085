//go:build unix

package pgtest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// shared is the server that all tests of a program share. It starts when the
// first of them asks for a database.
var shared struct {
	once      sync.Once
	cluster   *Cluster
	err       error
	databases atomic.Int32
}

// Main runs the tests of a package that calls [NewDatabase], and ends the shared
// server. Tests that wait for a database more than they compute run eight at a
// time.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
func Main(m *testing.M) int {
	flag.Parse()
	_ = flag.Set("test.parallel", "8")
	defer func() {
		if shared.cluster != nil {
			shared.cluster.remove()
		}
	}()
	return m.Run()
}

// NewDatabase returns the URL of a new database on the shared server. Where there
// is no PostgreSQL, the test is skipped.
func NewDatabase(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = start() })
	if shared.err != nil {
		skipOrFail(t, shared.err)
	}
	name := fmt.Sprintf("test%d", shared.databases.Add(1))
	if err := shared.cluster.Create(name); err != nil {
		t.Fatal(err)
	}
	return shared.cluster.URL(name)
}

// Create creates a database.
func (c *Cluster) Create(database string) error {
	args := []string{"-h", "127.0.0.1", "-p", fmt.Sprint(c.port), "-U", "postgres", database}
	// Older versions copy files anyway. Through the log, it takes twice the time.
	version, _ := os.ReadFile(filepath.Join(c.dir, "data", "PG_VERSION"))
	if major, _ := strconv.Atoi(strings.TrimSpace(string(version))); major >= 15 {
		args = append(args, "--strategy=file_copy")
	}
	createdb := c.command("createdb", args...)
	if out, err := createdb.CombinedOutput(); err != nil {
		return fmt.Errorf("createdb: %w\n%s", err, out)
	}
	return nil
}
