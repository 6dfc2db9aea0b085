package deploy_test

import (
	"crypto/sha256"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/deploy"
)

// machine is a folder that stands for a machine, and a product to deploy there.
type machine struct {
	t       *testing.T
	root    string
	product string
	front   string                       // the address of nginx
	ports   [2]int                       // of the first two processes; the next port is free as well
	watch   time.Duration                // see shortWatch; 0: as long as for every user
	built   map[[sha256.Size]byte]string // the programs that were built, by the hash of their source
}

// productOf creates a product that is not deployed.
func productOf(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, product: filepath.Join(t.TempDir(), "shop")}
	if err := deploy.New(io.Discard, m.product); err != nil {
		t.Fatal(err)
	}
	return m
}

// need skips the test if a program is not installed.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if program == "nginx" || program == "logrotate" {
			program = sbin(program)
		}
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: apt-get install nginx supervisor logrotate curl shellcheck", program)
		}
	}
}

func sbin(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	return "/usr/sbin/" + program
}

// set changes a line of the product's deploy.conf.
func (m *machine) set(key, value string) {
	m.t.Helper()
	lines := strings.Split(read(m.t, m.file("deploy.conf")), "\n")
	found := false
	for i, line := range lines {
		if strings.HasPrefix(line, key+"=") {
			lines[i], found = key+"="+value, true
		}
	}
	if !found {
		m.t.Fatalf("deploy.conf has no %s", key)
	}
	write(m.t, m.file("deploy.conf"), strings.Join(lines, "\n"))
}

func (m *machine) file(name string) string { return filepath.Join(m.product, name) }

// change replaces a text in files of the product.
func (m *machine) change(old, replacement string, files ...string) {
	m.t.Helper()
	for _, file := range files {
		content := read(m.t, m.file(file))
		if !strings.Contains(content, old) {
			m.t.Fatalf("%s has no %q", file, old)
		}
		write(m.t, m.file(file), strings.ReplaceAll(content, old, replacement))
	}
}

func (m *machine) load() *deploy.Deployment {
	m.t.Helper()
	deployment, err := deploy.Load(m.product, m.root)
	if err != nil {
		m.t.Fatal(err)
	}
	deployment.SetWatch(m.watch)
	return deployment
}

// shortWatch is how long programs are watched that were started: where a version ends a
// while after its start, a test sets more.
const shortWatch = 500 * time.Millisecond
