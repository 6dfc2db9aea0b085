//go:build linux

package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/load"
)

// booted is a machine with systemd as process 1, made of namespaces, and a product.
type booted struct {
	*machine
	pid string // of its process 1, in this machine's numbering
}

// boot starts such a machine, or skips the test.
func boot(t *testing.T) *booted {
	t.Helper()
	needSystem(t)
	need(t, "nginx", "logrotate", "curl", "unshare", "nsenter", "findmnt", "systemctl")
	m := &booted{machine: &machine{t: t, product: newShop(t)}}
	first := freePorts(t, 5)
	m.ports, m.front = [2]int{first, first + 1}, fmt.Sprintf("127.0.0.1:%d", first+3)
	m.set("FIRST_PORT", strconv.Itoa(first))
	m.set("STAND_IN", strconv.Itoa(first+4))
	m.set("LISTEN", m.front)
	command(t, ".", "go", "build", "-o", m.file("dist/apiphant"), "../cmd/apiphant")
	dir := t.TempDir()
	process := exec.Command("sh", "testdata/machine.sh", dir, m.product)
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	process.Stdout, process.Stderr = log, log
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if pid, err := strconv.Atoi(m.pid); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		_ = process.Wait()
		if cgroup, err := os.ReadFile(dir + "/cgroup"); err == nil {
			_ = exec.Command("find", strings.TrimSpace(string(cgroup)), "-depth", "-type", "d", "-exec", "rmdir", "{}", ";").Run()
		}
	})
	ticker, deadline := time.NewTicker(100*time.Millisecond), time.After(20*time.Second)
	defer ticker.Stop()
	for !m.isRunning(process.Process.Pid) {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Skipf("systemd does not come up in namespaces here:\n%s", read(t, log.Name()))
		}
	}
	return m
}

// isRunning reports whether systemd has started all that it starts. It is the
// child of unshare, whose process it is given.
func (m *booted) isRunning(unshare int) bool {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", unshare))
	if m.pid = strings.TrimSpace(string(children)); m.pid == "" {
		return false
	}
	state, _ := m.inside("systemctl", "is-system-running")
	return state == "running\n" || state == "degraded\n"
}

// inside runs a command on the machine, in the product's folder.
func (m *booted) inside(words ...string) (string, error) {
	command := exec.Command("nsenter", append([]string{"--target", m.pid, "--all", "--root", "sh", "-c", `cd "$0" && exec "$@"`, m.product}, words...)...)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	said, err := command.CombinedOutput()
	return string(said), err
}

func (m *booted) do(words ...string) string {
	m.t.Helper()
	said, err := m.inside(words...)
	if err != nil {
		journal, _ := m.inside("journalctl", "--no-pager", "--lines=60", "--output=cat", "--unit=shop*")
		m.t.Fatalf("%s: %v\n%s\nthe journal:\n%s", strings.Join(words, " "), err, said, journal)
	}
	return said
}

// mainPID is the main process of the first process' unit.
func (m *booted) mainPID() string {
	m.t.Helper()
	return strings.TrimSpace(m.do("systemctl", "show", "--value", "--property=MainPID", m.unit()))
}

func (m *booted) unit() string { return fmt.Sprintf("shop@%d.service", m.ports[0]) }

// build builds the present state of the product into its folder dist.
func (m *booted) build() {
	m.t.Helper()
	if err := os.Rename(buildShop(m.t, m.product, runtime.GOARCH), m.file("dist/shop")); err != nil {
		m.t.Fatal(err)
	}
}

// TestSystemd deploys a product under the real systemd, replaces it by new versions
// under load, kills, freezes and removes it; then it does so with a package.
func TestSystemd(t *testing.T) {
	m := boot(t)
	m.build()
	deploy := func(words ...string) string {
		t.Helper()
		return m.do(append(append([]string{"dist/apiphant", "deploy"}, words...), "--with=systemd,nginx")...)
	}
	deploy("apply", ".")
	m.mustAnswer("shop", m.everywhere()...)
	if said := deploy("apply", "."); !strings.Contains(said, "shop.target … up to date") {
		t.Errorf("applied again, it says:\n%s", said)
	}

	crowd := m.crowd()
	m.change(`"shop"`, `"shop 2"`, "api/v0/echo/echo.go", "quick-test.sh")
	m.build()
	deploy("reload", ".")
	m.mustAnswer("shop 2", m.everywhere()...)

	// A version that fails only under systemd is rolled back.
	write(t, m.file("api/start.go"), broken)
	m.build()
	said, err := m.inside("dist/apiphant", "deploy", "reload", ".")
	if err == nil || !strings.Contains(said, "not healthy; back to ") || !strings.Contains(said, "No successor at ") || !strings.Contains(said, "broken under systemd") {
		t.Errorf("a broken version: %v\n%s", err, said)
	}
	m.mustAnswer("shop 2", m.everywhere()...)
	os.Remove(m.file("api/start.go"))
	m.build()
	m.disperse(crowd)

	// systemd holds the listener, so that no connection to a process is refused during
	// its restart. This process has taken over from the one that systemd started.
	direct := load.Start(load.Load{Address: m.process(0), Clients: 16, Pause: 5 * time.Millisecond})
	await(m.t, direct, 100)
	m.do("systemctl", "restart", m.unit())
	await(m.t, direct, 100)
	m.do("systemctl", "reload", m.unit())
	await(m.t, direct, 100)
	m.disperse(direct)

	// The watchdog also ends the successor of a reload.
	for _, signal := range []string{"KILL", "STOP"} {
		before := m.mainPID()
		m.do("kill", "-"+signal, before)
		eventually(m.t, "a process in place of one that was sent "+signal, func() bool { now := m.mainPID(); return now != before && now != "0" })
		m.mustAnswer("shop 2", m.everywhere()...)
	}

	// With one process and no background, the other units are stopped.
	m.set("PROCESSES", "1")
	m.set("BACKGROUND", "no")
	deploy("apply", ".")
	if units := m.do("systemctl", "list-units", "--plain", "--no-legend", "--all", "shop*"); strings.Count(units, "\n") != 3 {
		t.Errorf("with one process, and no background, the units are:\n%s", units)
	}
	if said, err := m.inside("dist/apiphant", "deploy", "apply", ".", "--with=supervisor"); err == nil || !strings.Contains(said, "is deployed with systemd") {
		t.Errorf("supervisor beside systemd: %v\n%s", err, said)
	}
	deploy("apply", ".", "--remove")
	m.mustBeClean()
	t.Run("Package", func(t *testing.T) { m.t = t; m.installPackage() })
}

const broken = `package api

import (
	"context"
	"errors"
	"os"
)

func Start(context.Context) error {
	if os.Getenv("WATCHDOG_USEC") != "" {
		return errors.New("broken under systemd")
	}
	return nil
}
`

// mustBeClean checks that nothing is left of a deployment.
func (m *booted) mustBeClean() {
	m.t.Helper()
	if units := m.do("systemctl", "list-units", "--plain", "--no-legend", "--all", "shop*"); units != "" {
		m.t.Errorf("there are still units:\n%s", units)
	}
	if left, _ := m.inside("sh", "-c", "find /etc /usr/bin /usr/lib/systemd /var/lib/systemd /run /opt -name shop -o -name 'shop[@.-]*'"); left != "" {
		m.t.Errorf("there is still:\n%s", left)
	}
}

// installPackage installs a package, and a newer one under load.
func (m *booted) installPackage() {
	need(m.t, "dpkg-deb")
	m.set("PROCESSES", "2")
	for _, version := range []string{"1.0", "2.0"} {
		m.do("dist/apiphant", "package", ".", "--version="+version, "--binary=dist/shop", "-o", "dist/"+version+".deb")
	}
	m.do("dpkg", "--install", "dist/1.0.deb")
	m.mustAnswer("shop 2", m.process(0), m.process(1))
	direct := load.Start(load.Load{Address: m.process(1), Clients: 16, Pause: 5 * time.Millisecond})
	await(m.t, direct, 100)
	m.do("dpkg", "--install", "dist/2.0.deb")
	m.disperse(direct)
	if said, err := m.inside("dist/apiphant", "deploy", "apply", "."); err == nil || !strings.Contains(said, "is installed as a package") {
		m.t.Errorf("deploy beside a package: %v\n%s", err, said)
	}
	m.do("dpkg", "--remove", "shop")
	m.do("test", "-e", "/etc/default/shop")
	m.do("dpkg", "--purge", "shop")
	m.mustBeClean()
	if _, err := m.inside("id", "shop"); err == nil {
		m.t.Error("the user is still there")
	}
}
