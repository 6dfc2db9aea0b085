package deploy_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/deploy"
)

func TestCheckName(t *testing.T) {
	for _, name := range []string{"a", "shop", "my-shop", "shop2", "new", "build", "type", "apiphant", "myproduct", strings.Repeat("a", 32)} {
		if err := deploy.CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{
		"", ".", "..", "-", "Shop", "2shop", "-shop", "shop-", "my_shop", "my.shop", "my/shop", "my shop", "shöp", "shop\n",
		strings.Repeat("a", 33), "net", "go", "main", "std", "all",
		"dpkg", "nginx", "ssh", "cron", "supervisor", "root", "news", "www-data", "systemd",
	} {
		if err := deploy.CheckName(name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

// TestStandardLibrary finds the names that a newer Go has taken.
func TestStandardLibrary(t *testing.T) {
	out, err := exec.Command("go", "list", "std", "cmd").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	if len(packages) < 100 {
		t.Fatalf("only %d packages", len(packages))
	}
	for _, path := range packages {
		name, _, _ := strings.Cut(path, "/")
		if deploy.CheckName(name) == nil {
			t.Errorf("%s is a package's path, and %q accepted as a product's name", path, name)
		}
	}
}
