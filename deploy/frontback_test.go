//go:build linux

package deploy_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/deploy"
)

// nginx runs the machine's nginx.
func (m *machine) nginx(args ...string) {
	m.t.Helper()
	args = append([]string{"-c", m.root + "/etc/nginx/nginx.conf", "-p", m.root, "-e", m.root + "/var/log/nginx.log"}, args...)
	command := exec.Command(sbin("nginx"), args...)
	file, err := os.CreateTemp(m.t.TempDir(), "said") // nginx keeps a pipe open
	if err != nil {
		m.t.Fatal(err)
	}
	defer file.Close()
	command.Stdout, command.Stderr = file, file
	if err := command.Run(); err != nil {
		m.t.Fatalf("nginx %s: %v\n%s", args, err, read(m.t, file.Name()))
	}
}

// startsAgain stops nginx, as the end of the machine does, and starts it.
func (m *machine) startsAgain() {
	m.t.Helper()
	m.nginx("-t")
	if pid := m.root + "/run/nginx.pid"; exists(pid) && read(m.t, pid) != "" { // nginx -t writes an empty one
		m.nginx("-s", "stop")
		eventually(m.t, "nginx has ended", func() bool { return !exists(pid) })
	}
	m.nginx()
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// accepts checks how large the largest body is that nginx passes on.
func (m *machine) accepts(kibibytes int) {
	m.t.Helper()
	anew := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for length, status := range map[int]int{kibibytes << 10: 200, kibibytes<<10 + 1: 413} {
		if answer, body := post(m.t, anew, "http://"+m.front, strings.Repeat("x", length), nil); answer.StatusCode != status {
			m.t.Fatalf("%d bytes: %s %s, want %d", length, answer.Status, body, status)
		}
	}
}

// TestFrontFails: where something is in the way of nginx, a deployment fails with what
// it is, nothing has changed, and nginx can start.
func TestFrontFails(t *testing.T) {
	t.Parallel()
	process := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer process.Close()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	m := newFront(t, map[string]string{"UPSTREAMS": process.Listener.Addr().String(), "MAX_BODY": "1KiB", "MAX_UPLOAD": "2KiB"})
	site, other := m.root+"/etc/nginx/conf.d/shop.conf", m.root+"/etc/nginx/conf.d/other.conf"

	// The first deployment.
	write(t, other, "nonsense on;\n")
	m.applyFront("Test the configurations of nginx", other, `unknown directive "nonsense"`)
	write(t, other, fmt.Sprintf("server {\n\tlisten %s;\n\tserver_name a.example.com Shop-Local.com;\n}\n", m.front))
	m.applyFront("shop-local.com at "+m.front, other, "Set another DOMAIN or LISTEN in deploy.conf")
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	template := read(t, m.file("nginx/nginx.conf.tmpl"))
	more := strings.Replace(template, "root {{", "listen "+address+";\n\troot {{", 1) // a port that deploy.conf doesn't name
	write(t, m.file("nginx/nginx.conf.tmpl"), more)
	m.applyFront("Configure nginx", "bind() to "+address+" failed", "Address already in use")
	if exists(site) || exists(m.root+"/etc/logrotate.d/shop") || exists(m.root+"/opt/shop/current") {
		t.Error("a deployment that failed left its files")
	}
	m.startsAgain()
	write(t, m.file("nginx/nginx.conf.tmpl"), template)
	m.applyFront()
	m.accepts(2)

	// Later ones.
	before := m.tree()
	write(t, m.file("nginx/nginx.conf.tmpl"), more)
	m.set("MAX_UPLOAD", "4KiB")
	m.applyFront("Configure nginx", "goes on with the one before: bind() to "+address+" failed", "Address already in use")
	m.mustBeAsBefore(before)
	m.accepts(2)
	m.startsAgain()
	m.accepts(2)

	write(t, m.file("nginx/nginx.conf.tmpl"), template)
	write(t, m.file("quick-test.sh"), "#!/bin/sh\necho no such luck; exit 1\n")
	write(t, m.file("public/index.html"), "new")
	if err := os.Chmod(m.file("quick-test.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	m.applyFront("Ask through nginx", "no such luck")
	m.mustBeAsBefore(before)
	m.accepts(2)
	if err := os.Remove(m.file("quick-test.sh")); err != nil {
		t.Fatal(err)
	}

	// A deployment that was killed has written the file, and nginx has not loaded it.
	write(t, site, strings.Replace(read(t, site), "client_max_body_size 2k", "client_max_body_size 4k", 1))
	if said := m.applyFront(); !strings.Contains(said, "conf.d/shop.conf … reloaded\n") {
		t.Errorf("nginx has not loaded the file that is there:\n%s", said)
	}
	m.accepts(4)
	if said := m.applyFront(); !strings.Contains(said, "conf.d/shop.conf … up to date\n") {
		t.Errorf("a second deployment reloads nginx:\n%s", said)
	}
}

// TestSystemTakesBack: a version that answers at each process, and not through nginx, is
// taken back from all processes, and no request fails. It restarts processes four
// times under load, and so is none of the quick tests.
func TestSystemTakesBack(t *testing.T) {
	needSystem(t)
	m := newMachine(t)
	m.makeTrial()
	apply := (*deploy.Deployment).Apply
	m.must(apply)
	before, crowd := m.tree(), m.crowd()
	write(t, m.file("quick-test.sh"), "#!/bin/sh\ntest $# -gt 0 || { echo not through nginx; exit 1; }\n")
	m.change("shop", "other", "public/server")
	m.mustFail(apply, "Ask through nginx", "not through nginx")
	m.mustBeAsBefore(before)
	m.mustAnswer("shop", m.everywhere()...)
	m.disperse(crowd)
}
