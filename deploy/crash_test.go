//go:build unix

package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apiphant/apiphant/deploy"
	"github.com/apiphant/apiphant/internal/load"
)

// TestOtherProcess is not a test: it deploys in the process that [machine.start] starts, and
// is the finisher of that deployment.
func TestOtherProcess(t *testing.T) {
	product := os.Getenv("TEST_DEPLOY_PRODUCT")
	if product == "" {
		t.Skip("only for other tests")
	}
	d, err := deploy.Load(product, os.Getenv("TEST_DEPLOY_ROOT"))
	if err != nil {
		t.Fatal(err)
	}
	d.SetWatch(shortWatch)
	if os.Getenv("TEST_DEPLOY_FINISH") != "" {
		if err := d.Finish(t.Context(), deploy.Options{}, os.Stdin); err != nil {
			t.Fatal(err)
		}
		return
	}
	finisher := func([]string) (*exec.Cmd, error) {
		command := exec.Command(os.Args[0], "-test.run=^TestOtherProcess$")
		command.Env = append(os.Environ(), "TEST_DEPLOY_FINISH=yes")
		return command, nil
	}
	err = d.Apply(t.Context(), deploy.Options{
		Binary: os.Getenv("TEST_DEPLOY_BINARY"), Out: endAt(os.Getenv("TEST_DEPLOY_END")), Finisher: finisher,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// endAt is a writer that kills the process when a step begins. "" is none.
type endAt string

func (step endAt) Write(p []byte) (int, error) {
	if step != "" && bytes.Contains(p, []byte(step)) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return os.Stdout.Write(p)
}

// start starts a deployment in another process, which kills itself at a step.
func (m *machine) start(step string) *exec.Cmd {
	m.t.Helper()
	binary := filepath.Join(m.t.TempDir(), "shop")
	if err := m.build(m.t.Context(), binary); err != nil {
		m.t.Fatal(err)
	}
	command := exec.Command(os.Args[0], "-test.run=^TestOtherProcess$")
	command.Env = append(os.Environ(), "TEST_DEPLOY_PRODUCT="+m.product, "TEST_DEPLOY_ROOT="+m.root, "TEST_DEPLOY_BINARY="+binary, "TEST_DEPLOY_END="+step)
	if err := command.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		if command.ProcessState == nil {
			_ = command.Process.Kill()
			_ = command.Wait()
		}
	})
	return command
}

// death is where a deployment is killed.
type death struct {
	step   string // at the beginning of this step
	quick  string // or by quick-test.sh, when it asks this address
	drains string // or when the process at this address drains
	flags  string // of the version that is deployed
}

// survivesDeaths kills a deployment at each of its steps, and amid those that restart
// processes. The next one repairs what it left, and nginx can start at any time.
func (m *machine) survivesDeaths(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux, which tells what a process runs and ends a stand-in with its deployment")
	}
	m.set("PROCESSES", "1")
	m.set("BACKGROUND", "no")
	version, quick := "shop2", read(t, m.file("quick-test.sh"))
	// Any version passes it: what runs is not to be found out by it.
	quick = strings.Replace(quick, `test "$answer" = '{"hello":"world","server":"shop2"}'`, `test "${answer#*shop}" != "$answer"`, 1)
	restart := fmt.Sprintf("Restart shop-%d", m.ports[0])
	const flags, others, quickly = "--strict", "--strict=false", "--drain-window=0 "
	for i, death := range []death{
		{drains: m.process(0), flags: flags}, // PROCESSES has changed: supervisor stops all
		{drains: m.process(0), flags: flags}, // it restarts
		{step: "Try it at", flags: quickly + flags},
		{quick: m.standIn(), flags: quickly + flags},
		{step: "Configure supervisor", flags: quickly + flags},
		{quick: m.process(0), flags: quickly + others}, // all programs were just started
		{step: restart, flags: quickly + others},
		{quick: m.process(0), flags: quickly + others}, // it was just restarted
		{step: "Watch for", flags: quickly + others},
		{step: "Configure nginx", flags: quickly + flags},
		{step: "Ask through nginx", flags: quickly + flags},
	} {
		before := version
		version = fmt.Sprintf("shop-%d", i)
		m.change(before, version, "public/server")
		m.set("FLAGS", `"`+death.flags+`"`)
		m.dies(death, quick)
		write(t, m.file("quick-test.sh"), quick)
		if out, err := exec.Command(sbin("nginx"), "-t", "-p", m.root, "-c", m.root+"/etc/nginx/nginx.conf", "-e", m.root+"/var/log/nginx.log").CombinedOutput(); err != nil {
			t.Errorf("killed at %+v, nginx could not start: %s", death, out)
		}
		if i > 0 { // the first is followed by a new version, too
			m.mustRepair(version, death.flags)
		}
	}
}

// dies deploys, and kills that.
func (m *machine) dies(death death, quick string) {
	m.t.Helper()
	if death.quick != "" {
		stop := `set -eu; case ${1-} in *` + death.quick + `) kill -STOP $PPID;; esac`
		quick = strings.Replace(quick, "set -eu", stop, 1)
	}
	write(m.t, m.file("quick-test.sh"), quick)
	command := m.start(death.step)
	switch {
	case death.quick != "":
		eventually(m.t, "the deployment is frozen", func() bool {
			return strings.Contains(read(m.t, fmt.Sprintf("/proc/%d/stat", command.Process.Pid)), ") T ")
		})
		m.refusesBeside(command.Process.Pid)
		_ = command.Process.Kill()
	case death.drains != "":
		crowd := load.Start(load.Load{Address: m.front, Clients: 4, PerConnection: 1, Pause: 50 * time.Millisecond})
		defer m.disperse(crowd)
		eventually(m.t, death.drains+" drains", func() bool { return drains(death.drains) })
		_ = command.Process.Kill()
	case strings.HasPrefix(death.step, "Try it"): // a stand-in that is left, of a system that doesn't end it
		orphan := exec.Command(m.root+"/opt/shop/current/shop", "serve", m.standIn(), "--drain-window=0")
		if err := orphan.Start(); err != nil {
			m.t.Fatal(err)
		}
		go func() { _ = orphan.Wait() }()
		defer eventually(m.t, "the stand-in that was left answers", func() bool { _, err := ask(m.standIn()); return err == nil })
	}
	_ = command.Wait()
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		m.t.Fatalf("at %+v the deployment was not killed: %s", death, command.ProcessState)
	}
	if strings.HasPrefix(death.step, "Restart") { // as if it had been killed a moment later
		releases, _ := filepath.Glob(m.root + "/opt/shop/releases/2*")
		current := m.root + "/opt/shop/current"
		if err := errors.Join(os.Remove(current), os.Symlink(slices.Max(releases), current)); err != nil {
			m.t.Fatal(err)
		}
	}
	if strings.HasPrefix(death.step, "Configure supervisor") { // likewise
		piece, _ := deploy.FindPiece("supervisor")
		content, err := m.load().Render(piece)
		if err != nil {
			m.t.Fatal(err)
		}
		target := m.load().Target(piece)
		write(m.t, target+".new", string(content))
		if err := os.Rename(target+".new", target); err != nil { // at once, as a deployment does: the finisher reads it
			m.t.Fatal(err)
		}
	}
	if !strings.HasPrefix(death.step, "Try it") {
		m.finishes()
	}
}

// finishes: the API answers without another deployment, and the stand-in ends then.
func (m *machine) finishes() {
	m.t.Helper()
	for _, address := range []string{m.front, m.process(0)} {
		eventually(m.t, address+" answers", func() bool { _, err := ask(address); return err == nil })
	}
	eventually(m.t, "the stand-in ends when the processes answer", func() bool {
		_, err := ask(m.standIn())
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

// refusesBeside: beside a frozen deployment another one does nothing, and says what to do.
func (m *machine) refusesBeside(pid int) {
	m.t.Helper()
	said, err := m.try((*deploy.Deployment).Apply, deploy.Options{})
	want := fmt.Sprintf("another deployment of shop is under way: process %d, since 20", pid)
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("kill -CONT %d", pid)) || said != "" {
		m.t.Errorf("beside a frozen one: %v, want %s, and no step:\n%s", err, want, said)
	}
}

// drains reports whether a process says that it drains.
func drains(address string) bool {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + address + "/healthz")
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusServiceUnavailable
}

func (m *machine) standIn() string { return "127.0.0.1:" + strconv.Itoa(m.ports[0]+4) }

// mustRepair deploys, after which the present version runs with these flags, and no more.
func (m *machine) mustRepair(version, flags string) {
	m.t.Helper()
	m.must((*deploy.Deployment).Apply)
	m.mustAnswer(version, m.front, m.process(0))
	if _, err := ask(m.standIn()); !errors.Is(err, syscall.ECONNREFUSED) {
		m.t.Errorf("the stand-in still answers: %v", err)
	}
	line := read(m.t, fmt.Sprintf("/proc/%d/cmdline", m.pid(0)))
	if !strings.HasSuffix(line, "\x00"+strings.ReplaceAll(flags, " ", "\x00")+"\x00") {
		m.t.Errorf("it runs with %q, want %s", line, flags)
	}
}

// watches: a version that ends a while after its start does not stay live, also where the
// deployment that started it was killed.
func (m *machine) watches(t *testing.T) {
	version := strings.TrimSpace(read(t, m.file("public/server")))
	m.watch = 0 // as long as for every user
	write(t, m.file("public/ends-at"), m.process(0))
	before := m.pid(0)
	m.mustFail((*deploy.Deployment).Reload, "Watch for 10s", fmt.Sprintf("shop-%d has ended", m.ports[0]), "ends as it was told")
	if m.pid(0) == before {
		t.Error("the version was never live")
	}
	m.mustAnswer(version, m.front, m.process(0))
	_ = m.start("Watch for").Wait()
	if _, err := os.Stat(m.root + "/opt/shop/current/public/ends-at"); err != nil {
		t.Errorf("the version that ends was not made live before its deployment was killed: %v", err)
	}
	m.mustFail((*deploy.Deployment).Apply, "Watch for 10s", fmt.Sprintf("shop-%d has ended", m.ports[0]))
	m.mustAnswer(version, m.front, m.process(0))
	if _, err := os.Stat(m.root + "/opt/shop/current/public/ends-at"); err == nil {
		t.Error("the version that ends is still the live release")
	}
}
