//go:build unix

package deploy_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/deploy"
	"github.com/apiphant/apiphant/internal/load"
	"github.com/apiphant/apiphant/internal/supervisord"
)

// maxWait bounds the wait for an event.
const maxWait = 2 * time.Minute

// newMachine creates a product, and a machine on which nothing is deployed.
func newMachine(t *testing.T) *machine {
	t.Helper()
	need(t, "nginx", "supervisord", "supervisorctl", "curl")
	m := &machine{t: t, watch: shortWatch, root: t.TempDir(), product: filepath.Join(t.TempDir(), "shop")}
	if err := deploy.New(io.Discard, m.product); err != nil {
		t.Fatal(err)
	}
	first := freePorts(t, 5)
	m.ports, m.front = [2]int{first, first + 1}, fmt.Sprintf("127.0.0.1:%d", first+3)
	m.set("FIRST_PORT", strconv.Itoa(first))
	m.set("STAND_IN", strconv.Itoa(first+4))
	m.set("LISTEN", m.front)
	t.Cleanup(func() {
		if t.Failed() {
			m.showLogs()
		}
		ctx, cancel := context.WithTimeout(context.Background(), maxWait)
		defer cancel()
		if err := m.load().Remove(ctx, deploy.Options{Out: io.Discard}); err != nil {
			t.Error(err)
		}
	})
	return m
}

// portsTaken counts the ports that tests were given: they run in parallel.
var portsTaken atomic.Int64

// freePorts returns the first of n ports in a row that nobody listens at and no
// other test was given, below those that the system gives to connections.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 1000 {
		first := 20_000 + os.Getpid()%8000 + int(portsTaken.Add(int64(n))) - n
		free := 0
		for ; free < n; free++ {
			ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+free))
			if err != nil {
				break
			}
			ln.Close()
		}
		if free == n {
			return first
		}
	}
	t.Fatal("no ports are free")
	return 0
}

// run is t.Run for a part of the test on which later parts depend.
func (m *machine) run(name string, test func(*testing.T)) {
	whole := m.t
	defer func() { m.t = whole }()
	if !m.t.Run(name, func(t *testing.T) { m.t = t; test(t) }) {
		whole.FailNow()
	}
}

type doing func(*deploy.Deployment, context.Context, deploy.Options) error

// try applies, reloads or removes the deployment, and returns the output.
func (m *machine) try(do doing, options deploy.Options) (said string, err error) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), maxWait)
	defer cancel()
	var out bytes.Buffer
	options.Out = &out
	options.Build = m.build
	err = do(m.load(), ctx, options)
	return out.String(), err
}

func (m *machine) must(do doing) {
	m.t.Helper()
	if said, err := m.try(do, deploy.Options{}); err != nil {
		m.t.Fatalf("%v\n%s", err, said)
	}
}

// mustFail expects an error that contains all of these words.
func (m *machine) mustFail(do doing, words ...string) {
	m.t.Helper()
	said, err := m.try(do, deploy.Options{})
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			m.t.Fatalf("error: %v\nwant in it: %s\nit said:\n%s", err, word, said)
		}
	}
}

// ask returns the echo's answer at an address.
func ask(address string) (string, error) {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Post("http://"+address+"/api/v0/echo/read", "application/json", strings.NewReader(`{"hello": "world"}`))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return string(body), err
}

// mustAnswer checks that the echo answers with a server's name at addresses.
func (m *machine) mustAnswer(name string, addresses ...string) {
	m.t.Helper()
	for _, address := range addresses {
		answer, err := ask(address)
		if want := `{"hello":"world","server":"` + name + `"}`; err != nil || answer != want {
			m.t.Fatalf("%s answers %s %v, want %s", address, answer, err, want)
		}
	}
}

func (m *machine) process(i int) string { return fmt.Sprintf("127.0.0.1:%d", m.ports[i]) }

func (m *machine) everywhere() []string { return []string{m.front, m.process(0), m.process(1)} }

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ticker, deadline := time.NewTicker(20*time.Millisecond), time.After(maxWait)
	defer ticker.Stop()
	for !is() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("not within %s: %s", maxWait, what)
		}
	}
}

// crowd starts clients that ask nginx all the time.
func (m *machine) crowd() *load.Running {
	m.t.Helper()
	running := load.Start(load.Load{Address: m.front, Clients: 16, Pause: 50 * time.Millisecond})
	m.t.Cleanup(func() { running.Stop() })
	await(m.t, running, 100)
	return running
}

// await waits for n more answers.
func await(t *testing.T, running *load.Running, n int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), maxWait)
	defer cancel()
	if err := running.Await(ctx, n); err != nil {
		t.Fatalf("%v: %s", err, running.Tally())
	}
}

// disperse stops a crowd, none of whose requests may have failed.
func (m *machine) disperse(running *load.Running) {
	m.t.Helper()
	await(m.t, running, 100)
	if tally := running.Stop(); tally.Failed() > 0 {
		m.t.Errorf("under load: %s", tally)
	}
}

// pid returns the id of a process, as supervisor reports it.
func (m *machine) pid(i int) int {
	m.t.Helper()
	client, err := supervisord.Open(m.root + "/etc/supervisor/supervisord.conf")
	if err != nil {
		m.t.Fatal(err)
	}
	processes, err := client.Processes(m.t.Context(), "shop")
	for _, process := range processes {
		if process.Name == fmt.Sprintf("shop-%d", m.ports[i]) && process.PID != 0 {
			return process.PID
		}
	}
	m.t.Fatalf("process %d does not run: %v %v", i, processes, err)
	return 0
}

// tree describes all files below the root, except those that running programs write.
func (m *machine) tree() map[string]string {
	m.t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(m.root, func(name string, entry fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(m.root, name)
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(rel, ".log") || strings.HasPrefix(rel, "run/"):
		case entry.Type()&fs.ModeSymlink != 0:
			tree[rel], err = os.Readlink(name)
		case entry.Type().IsRegular():
			info, _ := entry.Info()
			sum, err := sumOf(name)
			tree[rel] = fmt.Sprintf("%s %x %v", info.Mode(), sum, err)
		default:
			tree[rel] = entry.Type().String()
		}
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return tree
}

// sumOf returns a hash of a file's content. It reads the file in parts: a program as a
// whole costs as much memory, and the race detector as much again, each time.
func sumOf(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sum := sha256.New()
	_, err = io.Copy(struct{ io.Writer }{sum}, struct{ io.Reader }{file})
	return sum.Sum(nil), err
}

// mustBeAsBefore checks that the tree has not changed.
func (m *machine) mustBeAsBefore(before map[string]string) {
	m.t.Helper()
	if diff := cmp.Diff(before, m.tree()); diff != "" {
		m.t.Fatalf("what stands there (- before, + after):\n%s", diff)
	}
}

func (m *machine) showLogs() {
	logs, _ := filepath.Glob(m.root + "/var/log/*.log")
	more, _ := filepath.Glob(m.root + "/var/log/shop/*.log")
	for _, name := range append(logs, more...) {
		content, _ := os.ReadFile(name)
		m.t.Logf("the end of %s:\n%s", name, content[max(0, len(content)-2000):])
	}
}

// TestDeployment deploys, updates, breaks and removes a product on a machine with its
// own nginx and supervisord, which run as the user of the test.
func TestDeployment(t *testing.T) {
	if testing.Short() {
		t.Skip("builds, deploys and restarts a product several times")
	}
	t.Parallel()
	m := newMachine(t)
	m.makeTrial()
	apply, reload := (*deploy.Deployment).Apply, (*deploy.Deployment).Reload

	empty := m.tree()
	if said, err := m.try(apply, deploy.Options{DryRun: true}); err != nil || !strings.Contains(said, "Configure nginx: "+m.root+"/etc/nginx/conf.d/shop.conf\n") {
		t.Errorf("dry run: %v\n%s", err, said)
	}
	m.mustBeAsBefore(empty)
	m.mustFail(reload, "shop is not deployed here", "./deploy.sh")
	m.run("things of others", m.leavesOthers)

	m.must(apply)
	m.mustAnswer("shop", m.everywhere()...)
	m.run("files of public", m.servesPublic)
	m.run("addresses of Rest", m.servesAddresses)
	m.run("access log", m.logsAccess)
	for _, line := range []string{"proxy_read_timeout 130s;", "client_max_body_size 2g;"} { // those of v0/report
		if site := read(t, m.root+"/etc/nginx/conf.d/shop.conf"); !strings.Contains(site, line) {
			t.Errorf("nginx's configuration lacks %s:\n%s", line, site)
		}
	}
	before, pids := m.tree(), [2]int{m.pid(0), m.pid(1)}
	m.must(apply)
	m.mustBeAsBefore(before)
	if again := [2]int{m.pid(0), m.pid(1)}; again != pids {
		t.Errorf("a second deployment restarted processes: %v, before %v", again, pids)
	}

	m.run("adopt", m.adopts)
	m.mustBeAsBefore(before)
	if again := [2]int{m.pid(0), m.pid(1)}; again != pids {
		t.Errorf("adopting restarted processes: %v, before %v", again, pids)
	}

	crowd := m.crowd()
	m.run("kill -9", m.survivesKill)
	if tally := crowd.Stop(); tally.Refused+tally.Lost > 0 || tally.Other > 16 {
		t.Errorf("kill -9: %s; want 502 for what ran in the process, at most one for each client", tally)
	}

	crowd = m.crowd()
	m.run("versions that don't go live", m.refusesBroken)
	m.disperse(crowd)
	m.run("a version that fails halfway", m.rollsBack)
	crowd = m.crowd()
	m.change("shop", "shop2", "public/server")
	m.change(`"shop"`, `"shop2"`, "quick-test.sh")
	m.must(reload)
	m.mustAnswer("shop2", m.everywhere()...)
	m.set("FLAGS", "--strict") // supervisor restarts the whole group
	m.mustFail(reload, "has changed since the last deployment")
	m.must(apply)
	m.set("PROCESSES", "3")
	m.disperse(crowd) // nginx is to be reloaded, which closes idle connections
	m.must(apply)
	m.mustAnswer("shop2", append(m.everywhere(), fmt.Sprintf("127.0.0.1:%d", m.ports[1]+1))...)

	m.run("logrotate", m.rotates)
	m.run("deaths of deployments", m.survivesDeaths)
	m.run("a version that ends", m.watches)
	write(t, m.root+"/var/lib/shop/data", "mine")
	m.run("remove", m.removes)
}

func (m *machine) servesPublic(t *testing.T) {
	answer, err := http.Get("http://" + m.front + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != 200 || string(body) != read(t, m.file("public/index.html")) || answer.Header.Get("Content-Type") != "text/html" {
		t.Errorf("got %s %s %s", answer.Status, answer.Header, body)
	}
}

// servesAddresses: what is no file is asked for at the processes, but for their health.
func (m *machine) servesAddresses(t *testing.T) {
	for path, want := range map[string]string{
		"/words/w%2Fd": `200 {"hello":"w/d","server":"shop"}`,
		"/words":       `404 {"error":"404 Not Found"}`,
		"/healthz":     `404 {"error":"404 Not Found"}`,
	} {
		answer, err := http.Get("http://" + m.front + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if got := fmt.Sprint(answer.StatusCode, " ", string(body)); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", path, got, err, want)
		}
	}
}

// logsAccess: a line has the time, the address, the referer, the request, the
// status, the duration and the request's id.
func (m *machine) logsAccess(t *testing.T) {
	request, _ := http.NewRequest("POST", "http://"+m.front+"/api/v0/echo/read", strings.NewReader(`{}`))
	request.Header.Set("X-Request-Id", "of-this-test")
	request.Header.Set("Referer", "https://example.com/")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	for _, log := range []string{"nginx-access.log", "nginx-error.log", fmt.Sprintf("%d.log", m.ports[0])} {
		if info, err := os.Stat(m.root + "/var/log/shop/" + log); err != nil || info.Mode() != 0o640 {
			t.Errorf("%s: %v %v", log, info.Mode(), err)
		}
	}
	eventually(m.t, "the line in the log", func() bool {
		for line := range strings.Lines(read(t, m.root+"/var/log/shop/nginx-access.log")) {
			fields := strings.Fields(line)
			if fields[len(fields)-1] != "of-this-test" {
				continue
			}
			at, err := time.Parse(time.RFC3339, fields[0])
			seconds, notANumber := strconv.ParseFloat(fields[len(fields)-2], 64)
			if err != nil || time.Since(at) > time.Hour || notANumber != nil || seconds > 10 ||
				!strings.Contains(line, ` 127.0.0.1 "https://example.com/" "POST /api/v0/echo/read HTTP/1.1" 200 `) {
				t.Errorf("the line is %s", line)
			}
			return true
		}
		return false
	})
}

func (m *machine) survivesKill(t *testing.T) {
	pid := m.pid(0)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(m.t, "supervisor starts the process anew", func() bool {
		_, err := ask(m.process(0))
		return err == nil
	})
	if now := m.pid(0); now == pid {
		t.Errorf("process %d was not killed", pid)
	}
}

// refusesBroken: under load, versions that are wrong in different ways do not go live.
func (m *machine) refusesBroken(t *testing.T) {
	before := m.tree()
	m.failsWith(before, "api/broken.go", "package api\n\nvar x = nothing\n", "api/broken.go:", "undefined: nothing")
	m.failsWith(before, "public/failure", "no such weather", "Try it at", "no such weather")

	m.change("shop", "other", "public/server") // and not in quick-test.sh
	m.mustFail((*deploy.Deployment).Apply, "Try it at", "quick-test.sh", `"server":"other"`)
	m.mustBeAsBefore(before)
	m.change("other", "shop", "public/server")

	for _, broken := range []struct{ file, line, word string }{
		{"nginx/nginx.conf.tmpl", "nonsense on;", `Test the configurations of nginx|/etc/nginx/conf.d/shop.conf (as it would be)|unknown directive "nonsense"`},
		{"supervisor/supervisor.conf.tmpl", "autorestart=perhaps", "Configure supervisor: |invalid 'autorestart' value 'perhaps'"},
		{"nginx/logrotate/logrotate.conf.tmpl", "nonsense", "Test the configurations of nginx|logrotate: |unknown option 'nonsense'"},
	} {
		file := broken.file
		good := read(t, m.file(file))
		write(t, m.file(file), strings.TrimSpace(good)+"\n"+broken.line+"\n")
		m.mustFail((*deploy.Deployment).Apply, strings.Split(broken.word, "|")...)
		m.mustBeAsBefore(before)
		m.mustAnswer("shop", m.everywhere()...)
		write(t, m.file(file), good)
	}
}

// failsWith tries a version with one more file. It must not go live.
func (m *machine) failsWith(before map[string]string, file, content string, words ...string) {
	m.t.Helper()
	write(m.t, m.file(file), content)
	m.mustFail((*deploy.Deployment).Reload, words...)
	m.mustBeAsBefore(before)
	m.mustAnswer("shop", m.everywhere()...)
	if err := os.Remove(m.file(file)); err != nil {
		m.t.Fatal(err)
	}
}

// rollsBack: a version fails at the second port only.
func (m *machine) rollsBack(*testing.T) {
	write(m.t, m.file("public/failure-at"), m.process(1))
	m.failsWith(m.tree(), "public/failure", "no such port", fmt.Sprintf("Restart shop-%d", m.ports[1]), "no such port")
	if err := os.Remove(m.file("public/failure-at")); err != nil {
		m.t.Fatal(err)
	}
}

// rotates: logs are renamed, compressed by the next rotation, and started again.
func (m *machine) rotates(t *testing.T) {
	need(t, "logrotate")
	log := m.root + "/var/log/shop/nginx-access.log"
	rotate := func() {
		t.Helper()
		out, err := exec.Command(sbin("logrotate"), "--force", "--state", m.root+"/run/logrotate.state", m.root+"/etc/logrotate.d/shop").CombinedOutput()
		if err != nil {
			t.Fatalf("logrotate: %v\n%s", err, out)
		}
		eventually(m.t, "a request is in the new log", func() bool {
			m.mustAnswer("shop2", m.front)
			return strings.Contains(read(t, log), "POST /api/v0/echo/read")
		})
	}
	rotate()
	rotate()
	if !strings.Contains(read(t, log+".1"), "POST /api/v0/echo/read") {
		t.Error("there is no request in the log of before")
	}
	if content := read(t, log+".2.gz"); !strings.HasPrefix(content, "\x1f\x8b") {
		t.Error("the log of before that is not compressed")
	}
}

// removes: programs, configurations and releases are removed; data and logs stay.
func (m *machine) removes(t *testing.T) {
	write(t, m.root+"/opt/shop/notes.txt", "not the product's")
	write(t, m.root+"/etc/logrotate.d/shop", "# by hand\n")
	said, err := m.try((*deploy.Deployment).Remove, deploy.Options{})
	if err != nil || !strings.Contains(said, "Kept: the data in "+m.root+"/var/lib/shop, the logs in "+m.root+"/var/log/shop") {
		t.Errorf("%v\n%s", err, said)
	}
	for _, address := range m.everywhere() {
		eventually(m.t, address+" listens no more", func() bool {
			_, err := ask(address)
			return errors.Is(err, syscall.ECONNREFUSED)
		})
	}
	left := m.tree()
	for _, file := range []string{"opt/shop/releases", "opt/shop/current", "etc/nginx/conf.d/shop.conf", "etc/supervisor/conf.d/shop.conf"} {
		if _, found := left[file]; found {
			t.Errorf("%s is left", file)
		}
	}
	for _, file := range []string{"/opt/shop/notes.txt", "/etc/logrotate.d/shop"} {
		if _, err := os.Stat(m.root + file); err != nil || !strings.Contains(said, m.root+file) {
			t.Errorf("%s, which is not the product's: %v\n%s", file, err, said)
		}
	}
	if read(t, m.root+"/var/lib/shop/data") != "mine" || !strings.Contains(read(t, m.root+"/var/log/shop/nginx-access.log"), "POST") {
		t.Error("data or logs are gone")
	}
}
