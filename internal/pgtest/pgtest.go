//go:build unix

// Package pgtest starts PostgreSQL servers for tests: in a temporary folder, on a
// port of the loopback interface, as a user that is not root.
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

// Cluster is a running PostgreSQL server.
type Cluster struct {
	binaries, dir string
	port          int
	as            *syscall.Credential
	server        *exec.Cmd
	log           bytes.Buffer
}

// Start starts a server of its own for a test that stops it. It ends with the
// test. Where there is no PostgreSQL, the test is skipped.
func Start(t testing.TB) *Cluster {
	t.Helper()
	c, err := start()
	if err != nil {
		skipOrFail(t, err)
	}
	t.Cleanup(c.remove)
	return c
}

// errSkip is in the errors for which tests are skipped.
var errSkip = errors.New("skipped")

func skipOrFail(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errSkip) {
		t.Skip(err)
	}
	t.Fatal(err)
}

func start() (_ *Cluster, err error) {
	c := &Cluster{}
	for _, found := range installed() {
		c.binaries = found
	}
	if c.binaries == "" {
		return nil, fmt.Errorf("%w: no PostgreSQL (initdb, postgres) in /usr/lib/postgresql or PATH", errSkip)
	}
	if c.as, err = otherThanRoot(); err != nil {
		return nil, fmt.Errorf("%w: PostgreSQL does not run as root: %w", errSkip, err)
	}
	if c.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.remove()
		}
	}()
	if c.as != nil {
		if err := os.Chown(c.dir, int(c.as.Uid), int(c.as.Gid)); err != nil {
			return nil, err
		}
	}
	initdb := c.command("initdb", "-D", filepath.Join(c.dir, "data"), "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if c.port, err = freePort(); err != nil {
		return nil, err
	}
	return c, c.Run()
}

func (c *Cluster) remove() {
	c.Stop(syscall.SIGQUIT)
	os.RemoveAll(c.dir)
}

// URL returns the URL of a database. The database postgres exists.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

// Run starts the server, which is not running, and waits until it answers.
func (c *Cluster) Run() error {
	c.server = c.command("postgres", "-D", filepath.Join(c.dir, "data"), "-p", strconv.Itoa(c.port),
		"-k", c.dir, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300",
		// What only a crash of the machine, or a replica, would need, and what it does by itself.
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "autovacuum=off")
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

// Stop ends the server: with SIGINT it closes its connections, with SIGQUIT it
// ends as in a crash.
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

func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}
