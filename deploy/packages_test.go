//go:build unix

package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/deploy"
)

// TestInstallPackage: only missing packages are installed; apt-get is tried again after
// an update of its lists; the error has the output of apt-get.
func TestInstallPackage(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	log := filepath.Join(bin, "log")
	aptGet := func(updates, installs string) {
		t.Helper()
		write(t, filepath.Join(bin, "apt-get"), fmt.Sprintf("#!/bin/sh\necho \"$@\" >>%s\ncase \"$*\" in\n*update) %s ;;\n*) %s ;;\nesac\n", log, updates, installs))
		if err := os.Chmod(filepath.Join(bin, "apt-get"), 0o700); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(log)
	}

	aptGet("echo 'Could not resolve deb.debian.org' >&2; exit 100", "echo 'Unable to locate package' >&2; exit 100")
	if outcome, err := deploy.InstallPackage(t.Context(), "no-such-program", "trial"); err == nil ||
		!strings.Contains(err.Error(), "not installed: trial, and apt-get can't install them") || !strings.Contains(err.Error(), "Could not resolve") {
		t.Errorf("offline: %s %v", outcome, err)
	}

	aptGet("touch "+bin+"/updated", "[ -e "+bin+"/updated ] && touch "+bin+"/trial-program && chmod +x "+bin+"/trial-program")
	if outcome, err := deploy.InstallPackage(t.Context(), "trial-program", "trial"); err != nil || outcome != "installed trial" {
		t.Errorf("with an update: %s %v", outcome, err)
	}
	asked := strings.Split(strings.TrimSpace(read(t, log)), "\n")
	if len(asked) != 3 || !strings.HasSuffix(asked[0], "install --yes --no-install-recommends trial") || !strings.HasSuffix(asked[1], " update") || asked[2] != asked[0] {
		t.Errorf("apt-get was asked for %q", asked)
	}

	if outcome, err := deploy.InstallPackage(t.Context(), "trial-program", "trial"); err != nil || outcome != "all are installed" {
		t.Errorf("installed: %s %v", outcome, err)
	}
}

func TestKnowsHost(t *testing.T) {
	for hosts, want := range map[string]bool{
		"":                                   false,
		"127.0.0.1 localhost\n":              false,
		"127.0.0.1\tshop-local.com\n":        true,
		"127.0.0.1 a shop-local.com b":       true,
		"# 127.0.0.1 shop-local.com\n":       false,
		"127.0.0.1 a # shop-local.com\n":     false,
		"127.0.0.1 my-shop-local.com\n":      false,
		"shop-local.com 127.0.0.1\n":         false,
		"127.0.0.1 a\n::1 shop-local.com \n": true,
	} {
		if got := deploy.KnowsHost([]byte(hosts), "shop-local.com"); got != want {
			t.Errorf("%q: %t", hosts, got)
		}
	}
}
