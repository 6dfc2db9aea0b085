//go:build unix

package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/internal/load"
)

// systemName is a product's name that no machine has already.
const systemName = "apiphant-trial"

// system is this machine, and a product that is deployed on it by its own scripts.
type system struct {
	*testing.T
	product string
	env     []string
}

// TestSystem deploys a product on this machine as its owner does, as root: it installs
// packages, adds a user, and writes to /etc, /opt and /var. make test-system runs it.
func TestSystem(t *testing.T) {
	if os.Getenv("APIPHANT_TEST_SYSTEM") != "1" {
		t.Skip("it changes the system, and runs only with APIPHANT_TEST_SYSTEM=1: make test-system")
	}
	if os.Geteuid() != 0 {
		t.Fatal("this changes the system and needs root")
	}
	s := newSystem(t)
	hosts := read(t, "/etc/hosts")
	s.leavesOthers()

	if said, err := s.script("./deploy.sh"); err != nil && strings.Contains(said, "apt-get can't install them") {
		t.Skipf("there is no way to the packages:\n%s", said)
	} else if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	s.mustEcho(systemName)
	before := s.state()
	said := s.must("./deploy.sh")
	if diff := cmp.Diff(before, s.state()); diff != "" || !strings.Contains(said, "Ask through nginx: quick-test.sh …") {
		t.Fatalf("after a second deployment (- before, + after):\n%s\n%s", diff, said)
	}

	crowd := s.crowd()
	s.must("sh", "-c", "kill -9 $(supervisorctl pid "+systemName+":"+systemName+"-8001)")
	eventually(t, "supervisor starts it anew", func() bool {
		_, err := ask("127.0.0.1:8001")
		return err == nil
	})
	await(t, crowd, 2000)
	// Requests fail that ran in the process, or that nginx sent on a pooled connection
	// before it noticed its end.
	if tally := crowd.Stop(); tally.Refused+tally.Lost > 0 || tally.Other > 3*crowdClients {
		t.Errorf("kill -9 under load: %s", tally)
	} else {
		t.Logf("kill -9 under load: %s", tally)
	}

	crowd = s.crowd()
	s.rewrite(`"`+systemName+`"`, `"second"`)
	s.must("./reload.sh")
	s.mustEcho("second")
	s.rewrite(`"second"`, `"third"; panic("no weather")`)
	if said, err := s.script("./reload.sh"); err == nil || !strings.Contains(said, "quick-test.sh") {
		t.Errorf("a version that panics: %v\n%s", err, said)
	}
	s.mustEcho("second")
	await(t, crowd, 100)
	if tally := crowd.Stop(); tally.Failed() > 0 {
		t.Errorf("reload under load: %s", tally)
	} else {
		t.Logf("reload under load: %s", tally)
	}

	log := "/var/log/" + systemName + "/nginx-access.log"
	for range 2 {
		s.must(sbin("logrotate"), "--force", "/etc/logrotate.d/"+systemName)
		eventually(t, "a request is in the new log", func() bool {
			s.mustEcho("second")
			return strings.Contains(read(t, log), "POST /api/v0/echo/read")
		})
	}
	if !strings.Contains(read(t, log+".1"), "POST /api/v0/echo/read") || !strings.HasPrefix(read(t, log+".2.gz"), "\x1f\x8b") {
		t.Error("the logs of before are not there, or not compressed")
	}

	write(t, "/var/lib/"+systemName+"/data", "mine")
	s.must("./deploy.sh", "--remove")
	for _, file := range []string{"/opt/NAME", "/etc/nginx/conf.d/NAME.conf", "/etc/supervisor/conf.d/NAME.conf", "/etc/logrotate.d/NAME"} {
		if _, err := os.Stat(strings.ReplaceAll(file, "NAME", systemName)); err == nil {
			t.Errorf("%s is left", file)
		}
	}
	if again := read(t, "/etc/hosts"); again != hosts {
		t.Errorf("/etc/hosts is %s, before %s", again, hosts)
	}
	if read(t, "/var/lib/"+systemName+"/data") != "mine" {
		t.Error("the data is gone")
	}
	if out, _ := exec.Command("pgrep", "-u", systemName).Output(); len(out) > 0 {
		t.Errorf("processes are left: %s", out)
	}
}

// leavesOthers: where a user, a folder and files of others have the product's name, the
// deployment names all of them. Neither it nor its removal changes anything.
func (s *system) leavesOthers() {
	s.Helper()
	others := map[string]string{ // and what is said of each
		"/opt/" + systemName + "/precious":               "/opt/" + systemName + " has no file .apiphant",
		"/var/lib/" + systemName + "/letter":             "/var/lib/" + systemName + " has no file .apiphant",
		"/var/log/" + systemName + "/log":                "/var/log/" + systemName + " has no file .apiphant",
		"/etc/nginx/conf.d/" + systemName + ".conf":      systemName + ".conf does not begin with",
		"/etc/logrotate.d/" + systemName:                 "/etc/logrotate.d/" + systemName + " does not begin with",
		"/etc/supervisor/conf.d/" + systemName + ".conf": "/etc/supervisor/conf.d/" + systemName + ".conf does not begin with",
	}
	clean := func() {
		_, _ = s.script("userdel", systemName)
		for other := range others {
			_ = os.Remove(other)
		}
		for _, folder := range []string{"/opt/", "/var/lib/", "/var/log/"} {
			_ = os.RemoveAll(folder + systemName)
		}
	}
	s.Cleanup(clean)
	s.must(sbin("useradd"), "--home-dir", "/var/lib/"+systemName, "--user-group", "--comment", "A Person", systemName)
	for other := range others {
		write(s.T, other, "# by hand\n")
	}
	everything := []string{"sh", "-c", `find /etc /opt "$0" "$1" -type f -exec sha256sum {} + | sort -k 2; find /opt "$0" "$1" -printf "%M %U %l %p\n"`, "/var/lib/" + systemName, "/var/log/" + systemName}
	before := s.must(everything...)
	said, err := s.script("./deploy.sh")
	others["user"] = "the user " + systemName + " exists without the comment"
	for _, want := range others {
		if err == nil || !strings.Contains(said, want) {
			s.Errorf("%v, it said:\n%s\nwant in it: %s", err, said, want)
		}
	}
	delete(others, "user")
	if said := s.must("./deploy.sh", "--remove"); strings.Count(said, "Left, since it is not the product's own: ") != 7 {
		s.Errorf("the removal said:\n%s", said)
	}
	if diff := cmp.Diff(before, s.must(everything...)); diff != "" {
		s.Errorf("what belongs to others (- before, + after):\n%s", diff)
	}
	clean()
}

// newSystem makes a product, with the commands of this checkout in the PATH.
func newSystem(t *testing.T) *system {
	t.Helper()
	bin, parent := t.TempDir(), t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/apiphant/apiphant/cmd/apiphant").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	s := &system{T: t, product: parent, env: append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))}
	s.must("apiphant", "new", systemName)
	s.product = filepath.Join(parent, systemName)
	wasUp := map[string]bool{"nginx": isUp("nginx"), "supervisord": isUp("supervisord")}
	t.Cleanup(func() {
		_, _ = s.script("./deploy.sh", "--remove")
		_, _ = s.script("userdel", systemName)
		_ = os.RemoveAll("/var/lib/" + systemName)
		_ = os.RemoveAll("/var/log/" + systemName)
		for program, service := range map[string]string{"nginx": "nginx", "supervisord": "supervisor"} {
			if !wasUp[program] {
				_, _ = s.script("service", service, "stop")
			}
		}
	})
	return s
}

func isUp(program string) bool {
	content, err := os.ReadFile("/run/" + program + ".pid")
	pid, notANumber := strconv.Atoi(strings.TrimSpace(string(content)))
	return err == nil && notANumber == nil && syscall.Kill(pid, 0) == nil
}

// script runs a command in the product's folder.
func (s *system) script(words ...string) (said string, err error) {
	s.Helper()
	path := words[0]
	if !strings.Contains(path, "/") {
		found, err := exec.Command("env", "-i", s.env[len(s.env)-1], "sh", "-c", `command -v "$0"`, path).Output()
		if err != nil {
			return "", err
		}
		path = strings.TrimSpace(string(found))
	}
	command := exec.Command(path, words[1:]...)
	command.Dir, command.Env = s.product, s.env
	file, err := os.CreateTemp(s.TempDir(), "said") // daemons keep a pipe open
	if err != nil {
		return "", err
	}
	defer file.Close()
	command.Stdout, command.Stderr = file, file
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = command.Run()
	return read(s.T, file.Name()), err
}

func (s *system) must(words ...string) string {
	s.Helper()
	said, err := s.script(words...)
	if err != nil {
		s.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, said)
	}
	return said
}

// rewrite changes the server's name in the echo's answer.
func (s *system) rewrite(old, replacement string) {
	s.Helper()
	file := s.product + "/api/v0/echo/echo.go"
	write(s.T, file, strings.ReplaceAll(read(s.T, file), old, replacement))
	if name, _, _ := strings.Cut(replacement, ";"); name != `"third"` {
		file = s.product + "/quick-test.sh"
		write(s.T, file, strings.ReplaceAll(read(s.T, file), old, replacement))
	}
}

func (s *system) mustEcho(name string) {
	s.Helper()
	answer, err := ask(systemName + "-local.com")
	if want := `{"hello":"world","server":"` + name + `"}`; err != nil || answer != want {
		s.Fatalf("the echo is %s %v, want %s", answer, err, want)
	}
}

// crowdClients is the number of clients of a crowd.
const crowdClients = 16

// crowd starts clients that ask the product through nginx all the time.
func (s *system) crowd() *load.Running {
	s.Helper()
	request := strings.Replace(load.Post("/api/v0/echo/read", `{"hello":"world"}`), "Host: localhost", "Host: "+systemName+"-local.com", 1)
	running := load.Start(load.Load{Address: "127.0.0.1:80", Clients: crowdClients, Request: request})
	s.Cleanup(func() { running.Stop() })
	await(s.T, running, 100)
	return running
}

// state describes what a second deployment must not change.
func (s *system) state() string {
	s.Helper()
	return s.must("sh", "-c", strings.ReplaceAll(`
		find /opt/NAME /etc/nginx /etc/supervisor /etc/logrotate.d /var/lib/NAME -printf '%p %M %u %g %l\n' | sort
		find /opt/NAME /etc/nginx /etc/supervisor /etc/logrotate.d -type f -exec sha256sum {} + | sort
		cat /etc/hosts; getent passwd NAME; pgrep -u NAME`, "NAME", systemName))
}

// needSystem skips the test if the machine must not be changed.
func needSystem(t *testing.T) {
	t.Helper()
	if os.Getenv("APIPHANT_TEST_SYSTEM") != "1" {
		t.Skip("changes the system: make test-system with APIPHANT_TEST_SYSTEM=1")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}
