//go:build linux

package deploy_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/deploy"
	"github.com/apiphant/apiphant/internal/load"
)

// ticker is an api/background that logs each tick.
const ticker = `package background

import (
	"context"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/background"
	"github.com/apiphant/apiphant/background/postgres"
)

func Engines() []background.Engine { return []background.Engine{postgres.Engine()} }

func Tasks() []background.Task {
	return []background.Task{{Every: time.Second, EveryTick: true, Grace: time.Minute, Run: Count}}
}

func Count(ctx context.Context) error {
	apiphant.Log(ctx).Info("counted " + background.Tick(ctx).UTC().Format(time.RFC3339))
	return nil
}
`

// TestSystemScale deploys to machines of one network: two with the API and the
// background, one with nginx in front of them, one with PostgreSQL. The machines are
// network namespaces. docs/deploying.md has the settings of each.
func TestSystemScale(t *testing.T) {
	needSystem(t)
	need(t, "nginx", "supervisord", "supervisorctl", "curl", "ip")
	net := newNetwork(t)
	store, front := net.host("store"), net.host("front")
	hosts := []*host{net.host("one"), net.host("two")}
	database := store.runPostgres()

	front.set("UPSTREAMS", fmt.Sprintf(`"%[1]s:8001 %[1]s:8002 %[2]s:8001 %[2]s:8002"`, hosts[0].address, hosts[1].address))
	front.set("LISTEN", front.address+":80")
	front.set("TIMEOUT", "1s")
	for _, h := range hosts {
		h.set("HOST", h.address)
		h.set("PROXIES", front.address)
		h.set("DATABASE_FILE", database)
		h.set("TIMEOUT", "1s")
		h.apiphant("deploy", "apply", ".", "--with", "supervisor", "--binary", net.binary)
	}
	front.apiphant("deploy", "apply", ".", "--with", "nginx")

	crowd := load.Start(load.Load{Address: front.address + ":80", Clients: 16, Pause: 5 * time.Millisecond, Timeout: 30 * time.Second})
	t.Cleanup(func() { crowd.Stop() })
	await(t, crowd, 100)

	// A new version: host after host.
	for _, h := range hosts {
		h.apiphant("deploy", "reload", ".", "--with", "supervisor", "--binary", net.newBinary)
		await(t, crowd, 100)
	}
	if tally := crowd.Tally(); tally.Failed() > 0 {
		t.Errorf("while both hosts were given a new version: %s", tally)
	}

	// One is gone without a word, as by a power cut.
	hosts[1].awaitTicks(0)
	before, began := crowd.Tally(), time.Now()
	net.run("ip", "-n", hosts[0].name, "link", "set", "eth0", "down")
	hosts[0].kill()
	await(t, crowd, 100)
	for time.Since(began) < 15*time.Second { // until what it had is given up
		await(t, crowd, 100)
	}
	after := crowd.Stop()
	t.Logf("one of two hosts is gone: %s before, %s after %s", before, after, time.Since(began))
	if after.Refused+after.Lost > 0 || after.Other > 16 {
		t.Errorf("one of two hosts is gone: %s, want at most the 16 requests failed that were there", after)
	}

	again := load.Start(load.Load{Address: front.address + ":80", Clients: 16, Pause: 5 * time.Millisecond})
	await(t, again, 100)
	await(t, again, 100)
	if tally := again.Stop(); tally.Failed() > 0 {
		t.Errorf("with one of two hosts: %s", tally)
	} else {
		t.Logf("with one of two hosts: %s", tally)
	}

	counted := map[string]int{}
	last := ""
	hosts[1].awaitTicks(len(hosts[1].ticks()) + 2)
	for _, h := range hosts {
		ticks := h.ticks()
		t.Logf("%s: %d ticks", h.name, len(ticks))
		for _, tick := range ticks {
			counted[tick]++
			last = max(last, tick)
		}
	}
	first := slices.Min(slices.Collect(func(yield func(string) bool) {
		for tick := range counted {
			if !yield(tick) {
				return
			}
		}
	}))
	for at := parseTick(t, first); !at.After(parseTick(t, last)); at = at.Add(time.Second) {
		if n := counted[at.Format(time.RFC3339)]; n != 1 {
			t.Errorf("the tick of %s came %d times", at, n)
		}
	}
}

func parseTick(t *testing.T, tick string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, tick)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// network is a network of hosts and this test.
type network struct {
	t                 *testing.T
	id                string
	product           string
	binary, newBinary string
	command           string // apiphant
	hosts             int
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{t: t, id: fmt.Sprintf("ap%d", os.Getpid()%100000), product: filepath.Join(t.TempDir(), "shop")}
	if said, err := exec.Command("ip", "netns", "add", n.id).CombinedOutput(); err != nil {
		t.Skipf("no network namespaces here: %v %s", err, said)
	}
	_ = exec.Command("ip", "netns", "del", n.id).Run()
	n.run("ip", "link", "add", n.id, "type", "bridge")
	t.Cleanup(func() { n.run("ip", "link", "del", n.id) })
	n.run("ip", "addr", "add", "10.77.0.254/24", "dev", n.id)
	n.run("ip", "link", "set", n.id, "up")

	if err := deploy.New(io.Discard, n.product); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(n.product, "api/background/background.go"), ticker)
	n.command = filepath.Join(t.TempDir(), "apiphant")
	n.run("go", "build", "-o", n.command, "../cmd/apiphant")
	n.binary, n.newBinary = filepath.Join(t.TempDir(), "shop"), filepath.Join(t.TempDir(), "shop")
	n.run(n.command, "build", n.product, "-o", n.binary)
	write(t, filepath.Join(n.product, "api/v0/version/version.go"), "package version\n\nfunc Read(map[string]any) error { return nil }\n")
	n.run(n.command, "build", n.product, "-o", n.newBinary)
	return n
}

func (n *network) run(program string, args ...string) string {
	n.t.Helper()
	said, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		n.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, said)
	}
	return string(said)
}

// host is a network namespace with a root folder of its own.
type host struct {
	*machine
	net     *network
	name    string
	address string
}

func (n *network) host(name string) *host {
	n.t.Helper()
	n.hosts++
	h := &host{net: n, name: n.id + name, address: fmt.Sprintf("10.77.0.%d", n.hosts)}
	h.machine = &machine{t: n.t, root: n.t.TempDir(), product: filepath.Join(n.t.TempDir(), "shop")}
	n.run("cp", "-r", n.product, h.product)
	veth := fmt.Sprintf("%s-%d", n.id, n.hosts)
	n.run("ip", "netns", "add", h.name)
	n.t.Cleanup(func() {
		h.kill()
		n.run("ip", "netns", "del", h.name)
		_ = exec.Command("ip", "link", "del", veth).Run() // it may be gone by then
	})
	n.run("ip", "link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", h.name)
	n.run("ip", "link", "set", veth, "master", n.id, "up")
	n.run("ip", "-n", h.name, "addr", "add", h.address+"/24", "dev", "eth0")
	n.run("ip", "-n", h.name, "link", "set", "eth0", "up")
	n.run("ip", "-n", h.name, "link", "set", "lo", "up")
	n.t.Cleanup(func() {
		if n.t.Failed() {
			h.showLogs()
		}
	})
	return h
}

// apiphant runs the apiphant command on the host, in its product's folder.
func (h *host) apiphant(args ...string) {
	h.t.Helper()
	command := exec.Command("ip", append([]string{"netns", "exec", h.name, h.net.command}, append(args, "--root", h.root)...)...)
	command.Dir = h.product
	if said, err := command.CombinedOutput(); err != nil {
		h.t.Fatalf("%s: %s: %v\n%s", h.name, strings.Join(args, " "), err, said)
	}
}

// kill kills all processes of the host.
func (h *host) kill() {
	pids, _ := exec.Command("ip", "netns", "pids", h.name).Output()
	for _, word := range strings.Fields(string(pids)) {
		if pid, err := strconv.Atoi(word); err == nil && pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

var tickLine = regexp.MustCompile(`counted (\S+Z)`)

// ticks returns the ticks that ran on this host.
func (h *host) ticks() (ticks []string) {
	content, _ := os.ReadFile(h.root + "/var/log/shop/background.log")
	for _, found := range tickLine.FindAllStringSubmatch(string(content), -1) {
		ticks = append(ticks, found[1])
	}
	return ticks
}

func (h *host) awaitTicks(n int) {
	h.t.Helper()
	eventually(h.t, fmt.Sprintf("%d ticks on %s", n, h.name), func() bool { return len(h.ticks()) >= n })
}

// runPostgres starts a PostgreSQL on the host, and returns a file with its URL.
func (h *host) runPostgres() (file string) {
	h.t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	who, err := user.Lookup("postgres")
	if len(found) == 0 || err != nil {
		h.t.Skip("PostgreSQL is not installed: apt-get install postgresql")
	}
	dir, err := os.MkdirTemp("", "scale")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { os.RemoveAll(dir) })
	uid, _ := strconv.Atoi(who.Uid)
	if err := os.Chown(dir, uid, -1); err != nil {
		h.t.Fatal(err)
	}
	as := []string{"netns", "exec", h.name, "setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"}
	bin, data := found[len(found)-1], dir+"/data"
	h.net.run("ip", append(as, bin+"/initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync")...)
	write(h.t, data+"/pg_hba.conf", "host all all 10.77.0.0/24 trust\n")
	server := exec.Command("ip", append(as, bin+"/postgres", "-D", data, "-k", dir, "-c", "listen_addresses="+h.address, "-c", "fsync=off")...)
	if err := server.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		h.kill()
		_ = server.Wait()
	})
	eventually(h.t, "PostgreSQL answers", func() bool {
		return exec.Command(bin+"/pg_isready", "-q", "-h", h.address).Run() == nil
	})
	file = dir + "/url"
	write(h.t, file, "postgres://postgres@"+h.address+"/postgres?sslmode=disable\n")
	return file
}
