//go:build unix

// Package pgtest starts a PostgreSQL cluster of its own for a test: in a folder
// that goes away, on a port of the loopback, as a user that is not root.
package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Cluster is a PostgreSQL that runs.
type Cluster struct {
	binaries, dir string
	port          int
	as            *syscall.Credential
	server        *exec.Cmd
	log           bytes.Buffer
}

// Start starts a cluster that ends with the test, and skips the test where there
// is no PostgreSQL.
func Start(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{}
	for _, found := range installed() {
		c.binaries = found
	}
	if c.binaries == "" {
		t.Skip("skipped: no PostgreSQL (initdb, postgres) in /usr/lib/postgresql or PATH")
	}
	var err error
	if c.as, err = otherThanRoot(); err != nil {
		t.Skipf("skipped: PostgreSQL does not run as root: %v", err)
	}
	if c.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Stop(syscall.SIGQUIT)
		os.RemoveAll(c.dir)
	})
	if c.as != nil {
		if err := os.Chown(c.dir, int(c.as.Uid), int(c.as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	initdb := c.command("initdb", "-D", filepath.Join(c.dir, "data"), "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	c.port = freePort(t)
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	return c
}

// URL returns where a database is; "postgres" is there.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

// Run starts the server, if it is not running, and waits until it answers.
func (c *Cluster) Run() error {
	c.server = c.command("postgres", "-D", filepath.Join(c.dir, "data"), "-p", strconv.Itoa(c.port),
		"-k", c.dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=100")
	c.server.Stdout, c.server.Stderr = io.Discard, &c.log
	if err := c.server.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if c.command("pg_isready", "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(c.port)).Run() == nil {
			return nil
		}
	}
	return fmt.Errorf("PostgreSQL does not answer:\n%s", c.log.String())
}

// Stop ends the server: SIGINT ends its connections, SIGQUIT does not even tidy up.
func (c *Cluster) Stop(signal syscall.Signal) {
	if c.server != nil && c.server.Process != nil {
		_ = c.server.Process.Signal(signal)
		_ = c.server.Wait()
		c.server = nil
	}
}

func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(c.binaries, name), args...)
	command.Dir = c.dir
	command.Env = []string{"PATH=" + c.binaries + ":/usr/bin:/bin", "LC_ALL=C", "HOME=" + c.dir}
	command.SysProcAttr = attributes(c.as)
	return command
}

// installed returns the folders with PostgreSQL's binaries, the newest last.
func installed() []string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.Sort(found)
	if path, err := exec.LookPath("initdb"); err == nil && len(found) == 0 {
		found = append(found, path)
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found
}

// otherThanRoot returns who to run PostgreSQL as, nil for who runs the test.
func otherThanRoot() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			uid, _ := strconv.Atoi(found.Uid)
			gid, _ := strconv.Atoi(found.Gid)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("there is no user postgres or nobody")
}

func freePort(t testing.TB) int {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}
