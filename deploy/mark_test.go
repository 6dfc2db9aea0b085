//go:build unix

package deploy_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/deploy"
)

// leavesOthers: where things of others have the names and ports of the deployment, it
// names them all, and changes nothing; neither does its removal.
func (m *machine) leavesOthers(t *testing.T) {
	elsewhere := t.TempDir()
	write(t, elsewhere+"/data", "precious")
	others := []struct{ name, content, link, reason string }{
		{name: "opt/shop/precious", content: "1", reason: "opt/shop has no file .apiphant"},
		{name: "opt/shop/current", content: "1", reason: "opt/shop/current is not a symbolic link"},
		{name: "var/lib/shop", link: elsewhere, reason: "var/lib/shop is a symbolic link"},
		{name: "var/log/shop/.apiphant", content: "# apiphant product shop-2: its\n", reason: "var/log/shop/.apiphant does not begin with"},
		{name: "etc/nginx/conf.d/shop.conf", content: "# by hand\n", reason: "conf.d/shop.conf does not begin with"},
		{name: "etc/logrotate.d/shop", link: elsewhere + "/data", reason: "logrotate.d/shop is a symbolic link"},
		{name: "etc/supervisor/conf.d/shop.conf/file", content: "1", reason: "conf.d/shop.conf is not a file"},
		{name: "etc/supervisor/conf.d/more.conf", content: "[program:shop]\ncommand=true\n", reason: "more.conf has a section [program:shop]"},
	}
	for _, other := range others {
		file := filepath.Join(m.root, other.name)
		if other.link == "" {
			write(t, file, other.content)
		} else if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil || os.Symlink(other.link, file) != nil {
			t.Fatal(err)
		}
	}
	apply, before := (*deploy.Deployment).Apply, m.tree()
	reasons := []string{"nothing was changed", "another NAME"}
	for _, address := range m.everywhere() {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		reasons = append(reasons, " listens at "+address)
	}
	for _, other := range others {
		reasons = append(reasons, other.reason)
	}
	m.mustFail(apply, reasons...)
	for _, options := range []deploy.Options{{DryRun: true}, {Adopt: true}} {
		if said, err := m.try(apply, options); err == nil {
			t.Errorf("%+v: %s", options, said)
		}
	}
	m.mustBeAsBefore(before)
	if said, err := m.try((*deploy.Deployment).Remove, deploy.Options{}); err != nil || strings.Count(said, "Left, since it is not the product's own: ") != 6 {
		t.Errorf("remove: %v\n%s", err, said)
	}
	m.mustBeAsBefore(before)
	if read(t, elsewhere+"/data") != "precious" {
		t.Error("what a symbolic link leads to was changed")
	}
	for _, name := range []string{"opt", "etc", "var"} {
		if err := os.RemoveAll(filepath.Join(m.root, name)); err != nil {
			t.Fatal(err)
		}
	}

	// A folder that others may write to is no proof, whatever is in it.
	write(t, m.root+"/opt/shop/.apiphant", "# apiphant product shop: its deployment\n")
	if err := os.Chmod(m.root+"/opt/shop", 0o777); err != nil {
		t.Fatal(err)
	}
	m.mustFail(apply, "opt/shop can be written by others")
	if err := os.RemoveAll(m.root + "/opt"); err != nil {
		t.Fatal(err)
	}
}

// adopts: what a version without marks has deployed is taken over with --adopt, and
// nothing is restarted.
func (m *machine) adopts(t *testing.T) {
	marked := []string{"etc/nginx/conf.d/shop.conf", "etc/supervisor/conf.d/shop.conf", "etc/logrotate.d/shop"}
	for _, name := range marked {
		content := []byte(read(t, filepath.Join(m.root, name)))
		_, rest, _ := bytes.Cut(content, []byte("\n"))
		write(t, filepath.Join(m.root, name), string(rest))
	}
	for _, folder := range []string{"opt/shop", "var/lib/shop", "var/log/shop"} {
		if err := os.Remove(filepath.Join(m.root, folder, ".apiphant")); err != nil {
			t.Fatal(err)
		}
	}
	unmarked := m.tree()
	m.mustFail((*deploy.Deployment).Apply, append(marked, "opt/shop has no file", "var/lib/shop has", "var/log/shop has", "--adopt")...)
	m.mustBeAsBefore(unmarked)
	write(t, m.file("deploy.conf"), strings.ReplaceAll(read(t, m.file("deploy.conf")), "\n", "\r\n")) // which quick-test.sh reads, too
	if said, err := m.try((*deploy.Deployment).Apply, deploy.Options{Adopt: true}); err != nil || !strings.Contains(said, "6 marked") {
		t.Fatalf("%v\n%s", err, said)
	}
}
