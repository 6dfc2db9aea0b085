//go:build unix

package deploy_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/apiphant/apiphant/deploy"
	"github.com/apiphant/apiphant/internal/product"
)

// buildShop builds a product for Linux and a processor.
func buildShop(t *testing.T, folder, architecture string) (binary string) {
	t.Helper()
	t.Setenv("GOOS", "linux")
	t.Setenv("GOARCH", architecture)
	found, err := product.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	binary, err = found.Build(t.Context(), product.BuildOptions{Output: filepath.Join(t.TempDir(), "shop"), Version: "1.0"})
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// writePackage writes version 1.0 of a product's package.
func writePackage(t *testing.T, folder, binary, architecture string) (file string) {
	t.Helper()
	need(t, "dpkg-deb")
	deployment, err := deploy.Load(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	debian, err := deploy.NewDebian(t.Context(), folder, "1.0", architecture)
	if err != nil {
		t.Fatal(err)
	}
	if file, err = deployment.Package(t.Context(), debian, binary, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return file
}

// newShop returns the folder of a new product.
func newShop(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "shop")
	if err := deploy.New(io.Discard, folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

const contents = `drwxr-xr-x ./
drwxr-xr-x ./etc/
drwxr-xr-x ./etc/default/
-rw-r--r-- ./etc/default/shop
drwxr-xr-x ./etc/logrotate.d/
-rw-r--r-- ./etc/logrotate.d/shop
drwxr-xr-x ./usr/
drwxr-xr-x ./usr/bin/
-rwxr-xr-x ./usr/bin/shop
drwxr-xr-x ./usr/lib/
drwxr-xr-x ./usr/lib/systemd/
drwxr-xr-x ./usr/lib/systemd/system/
-rw-r--r-- ./usr/lib/systemd/system/shop-background.service
-rw-r--r-- ./usr/lib/systemd/system/shop.target
-rw-r--r-- ./usr/lib/systemd/system/shop@.service
-rw-r--r-- ./usr/lib/systemd/system/shop@.socket
drwxr-xr-x ./usr/share/
drwxr-xr-x ./usr/share/doc/
drwxr-xr-x ./usr/share/doc/shop/
-rw-r--r-- ./usr/share/doc/shop/changelog.gz
-rw-r--r-- ./usr/share/doc/shop/copyright
drwxr-xr-x ./usr/share/doc/shop/examples/
-rw-r--r-- ./usr/share/doc/shop/examples/nginx.conf
drwxr-xr-x ./usr/share/shop/
drwxr-xr-x ./usr/share/shop/public/
-rw-r--r-- ./usr/share/shop/public/index.html
`

// TestPackage writes packages for both processors, each twice, and runs what is in
// the one for this machine. To build the product for the other processor is to
// compile all of Go's standard library for it: make portable does that, and here
// another program stands in for it.
func TestPackage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a product")
	}
	folder := newShop(t)
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	t.Setenv("DPKG_DEB_COMPRESSOR_LEVEL", "0") // at its own level, a program takes some 8 s of a processor
	own := buildShop(t, folder, runtime.GOARCH)
	for _, architecture := range []string{"amd64", "arm64"} {
		binary := own
		switch {
		case architecture == runtime.GOARCH:
		case os.Getenv("APIPHANT_TEST_PORTABLE") == "1":
			binary = buildShop(t, folder, architecture)
		default:
			binary = filepath.Join(t.TempDir(), "shop")
			write(t, binary, "#!/bin/sh\n")
		}
		file := writePackage(t, folder, binary, architecture)
		if name := filepath.Base(file); name != "shop_1.0_"+architecture+".deb" {
			t.Errorf("it is called %s", name)
		}
		if !bytes.Equal([]byte(read(t, file)), []byte(read(t, writePackage(t, folder, binary, architecture)))) {
			t.Errorf("%s: the same source and time make another package", architecture)
		}
		var listed strings.Builder
		for line := range strings.Lines(command(t, ".", "dpkg-deb", "--contents", file)) {
			fields := strings.Fields(line)
			if fields[1] != "root/root" || fields[3] != "2023-11-14" {
				t.Errorf("of whom and when: %s", line)
			}
			listed.WriteString(fields[0] + " " + fields[5] + "\n")
		}
		if diff := cmp.Diff(contents, listed.String()); diff != "" {
			t.Errorf("%s: contents (- wanted, + found):\n%s", architecture, diff)
		}
		want := "Package: shop\nVersion: 1.0\nArchitecture: " + architecture + "\n"
		if fields := command(t, ".", "dpkg-deb", "--field", file); !strings.HasPrefix(fields, want) {
			t.Errorf("control:\n%swant at its beginning:\n%s", fields, want)
		}
		root := t.TempDir()
		command(t, ".", "dpkg-deb", "--extract", file, root)
		if architecture == runtime.GOARCH {
			if version := command(t, ".", root+"/usr/bin/shop", "--version"); !strings.HasPrefix(version, "shop version 1.0 go") {
				t.Errorf("it calls itself %s", version)
			}
			if routes := command(t, ".", root+"/usr/bin/shop", "routes"); !strings.HasPrefix(routes, "POST  /api/v0/echo/read") {
				t.Errorf("routes: %s", routes)
			}
		}
	}
}

// TestPackagesScripts checks a package's scripts with shellcheck.
func TestPackagesScripts(t *testing.T) {
	need(t, "dpkg-deb", "shellcheck")
	folder, dir := newShop(t), t.TempDir()
	write(t, filepath.Join(dir, "shop"), "")
	deployment, err := deploy.Load(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	debian, err := deploy.NewDebian(t.Context(), folder, "", "arm64")
	if err != nil {
		t.Fatal(err)
	}
	file, err := deployment.Package(t.Context(), debian, filepath.Join(dir, "shop"), filepath.Join(dir, "own.deb"))
	if err != nil {
		t.Fatal(err)
	}
	command(t, ".", "dpkg-deb", "--control", file, dir+"/control")
	command(t, dir+"/control", "shellcheck", "preinst", "postinst", "prerm", "postrm")
	if got, want := read(t, dir+"/control/conffiles"), "/etc/default/shop\n/etc/logrotate.d/shop\n"; got != want {
		t.Errorf("conffiles:\n%swant:\n%s", got, want)
	}
	command(t, ".", "dpkg-deb", "--extract", file, dir+"/tree")
	const say = `set -eu; . "$0/etc/default/shop"; echo "$SERVE_FLAGS"`
	if flags := command(t, ".", "sh", "-c", say, dir+"/tree"); flags != deployment.ServeFlags()+"\n" {
		t.Errorf("a shell reads the flags as %s", flags)
	}
}

func TestNewDebian(t *testing.T) {
	for _, c := range []struct{ version, epoch, path, want string }{
		{"v1", "0", "", "--version v1: want a version that begins with a digit"},
		{"1 2", "0", "", "--version 1 2"},
		{"1.0", "yesterday", "", `SOURCE_DATE_EPOCH is "yesterday": want seconds since 1970`},
		{"1.0", "0", "/nowhere", "dpkg-deb not found"},
	} {
		t.Setenv("SOURCE_DATE_EPOCH", c.epoch)
		if c.path != "" {
			t.Setenv("PATH", c.path)
		}
		if _, err := deploy.NewDebian(t.Context(), ".", c.version, "amd64"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("version %q: error %v, want %s", c.version, err, c.want)
		}
	}
}

// TestSystemPackage installs a package on this machine and removes it. If systemd is
// process 1, the package also serves; [TestSystemd] tests that elsewhere.
func TestSystemPackage(t *testing.T) {
	needSystem(t)
	need(t, "dpkg", "adduser")
	if exec.Command("id", "shop").Run() == nil || exec.Command("dpkg", "--status", "shop").Run() == nil {
		t.Skip("there is a shop on this machine already")
	}
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("no packages for this processor")
	}
	folder := newShop(t)
	file := writePackage(t, folder, buildShop(t, folder, runtime.GOARCH), runtime.GOARCH)
	t.Cleanup(func() {
		_ = exec.CommandContext(context.Background(), "dpkg", "--purge", "shop").Run()
		_ = exec.CommandContext(context.Background(), "deluser", "--system", "--quiet", "shop").Run()
	})
	refusesOthers(t, file)
	command(t, ".", "dpkg", "--install", file)
	if identity := command(t, ".", "id", "shop"); !strings.Contains(identity, "(shop) gid=") {
		t.Errorf("the user: %s", identity)
	}
	for file, want := range map[string]string{"/var/lib/shop": "shop:shop 750\n", "/var/lib/shop/.apiphant": "root:root 644\n", "/var/log/shop/.apiphant": "root:root 644\n"} {
		if owner := command(t, ".", "stat", "--format", "%U:%G %a", file); owner != want {
			t.Errorf("%s: %s", file, owner)
		}
	}
	command(t, ".", "dpkg", "--verify", "shop")
	if routes := command(t, ".", "setpriv", "--reuid", "shop", "--regid", "shop", "--clear-groups", "shop", "routes"); !strings.HasPrefix(routes, "POST  /api/v0/echo/read") {
		t.Errorf("routes: %s", routes)
	}
	command(t, ".", "dpkg", "--install", file) // again
	write(t, "/var/lib/shop/data", "precious")
	command(t, ".", "dpkg", "--remove", "shop")
	for _, kept := range []string{"/etc/default/shop", "/var/lib/shop/data"} {
		if _, err := os.Stat(kept); err != nil {
			t.Errorf("dpkg --remove: %v", err)
		}
	}
	command(t, ".", "dpkg", "--purge", "shop")
	for _, pattern := range []string{"/etc/*/*shop*", "/etc/systemd/system/*/*shop*", "/usr/bin/shop", "/usr/lib/systemd/system/shop*", "/usr/share/*/shop", "/var/lib/shop", "/var/log/shop", "/var/lib/systemd/*/*shop*"} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			t.Errorf("dpkg --purge leaves %q", left)
		}
	}
	if exec.Command("id", "shop").Run() == nil {
		t.Error("dpkg --purge leaves the user")
	}
}

// refusesOthers: a package is not installed where something of others has one of its
// names. Nothing is changed, all of it is named, and a purge ends well.
func refusesOthers(t *testing.T, file string) {
	t.Helper()
	command(t, ".", "useradd", "--create-home", "--home-dir", "/var/lib/shop", "--user-group", "--comment", "Sheila Hop", "shop")
	others := []string{"/etc/default/shop", "/etc/logrotate.d/shop", "/usr/bin/shop", "/usr/lib/systemd/system/shop@.service", "/var/lib/shop/letter", "/var/log/shop/log"}
	clean := func() {
		_ = exec.Command("userdel", "shop").Run()
		for _, other := range append(others, "/var/lib/shop", "/var/log/shop") {
			_ = os.RemoveAll(other)
		}
	}
	t.Cleanup(clean)
	for _, other := range others {
		write(t, other, "# by hand\n")
	}
	const state = "getent passwd shop; getent group shop; find /etc /opt /var/lib/shop /var/log/shop /usr/bin/shop /usr/lib/systemd/system -type f -exec sha256sum {} +; stat -c '%A %U %n' /var/lib/shop /var/log/shop"
	before := command(t, ".", "sh", "-c", state)
	said, err := exec.Command("dpkg", "--install", file).CombinedOutput()
	for _, want := range append(others[:4], "the folder /var/lib/shop is", "the folder /var/log/shop is", "the user shop exists", "Nothing was changed") {
		if err == nil || !strings.Contains(string(said), want) {
			t.Errorf("%v, %s\nwant in it: %s", err, said, want)
		}
	}
	command(t, ".", "dpkg", "--purge", "shop")
	if diff := cmp.Diff(before, command(t, ".", "sh", "-c", state)); diff != "" {
		t.Errorf("what belongs to others (- before, + after):\n%s", diff)
	}
	clean()
}
