package deploy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/apiphant/apiphant/deploy"
)

// withConf returns a product called shop with that deploy.conf.
func withConf(t *testing.T, conf string) (product string) {
	t.Helper()
	product = filepath.Join(t.TempDir(), "shop")
	write(t, filepath.Join(product, "deploy.conf"), conf)
	return product
}

// TestDefaults: a new product's deploy.conf has the default settings.
func TestDefaults(t *testing.T) {
	m := productOf(t)
	written, err := deploy.ReadSettings(m.product)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(m.file("deploy.conf")); err != nil {
		t.Fatal(err)
	}
	implied, err := deploy.ReadSettings(m.product)
	if diff := cmp.Diff(implied, written, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("%v\nsettings (- without a file, + of the file that comes):\n%s", err, diff)
	}
	if written.Name != "shop" || written.Domain != "shop-local.com" || written.Processes != 2 || written.Timeout != 30*time.Second || written.MaxBody != 1<<20 {
		t.Errorf("%+v", written)
	}
}

func TestWrongSettings(t *testing.T) {
	for _, tt := range []struct{ conf, want string }{
		{"PROCESES=2", "deploy.conf:1: PROCESES: there is no such setting"},
		{"# more\n\nPROCESSES=two", `deploy.conf:3: PROCESSES: want a number from 0 to 1000, got "two"`},
		{"PROCESSES=2\nPROCESSES=3", "deploy.conf:2: PROCESSES is set twice"},
		{"PROCESSES = 2", "deploy.conf:1: want KEY=VALUE"},
		{"NAME=Shop", "a product can't be named"},
		{"DOMAIN=$HOST", "deploy.conf:1: DOMAIN: want a value without spaces and shell characters"},
		{`DOMAIN="$HOST"`, "deploy.conf:1: DOMAIN: \"$HOST\" has a quote, $"},
		{"DOMAIN=a;b", "DOMAIN: want a value without spaces and shell characters"},
		{"DOMAIN=-a", "DOMAIN: want a host name, such as shop-local.com"},
		{"LISTEN=", "LISTEN: want a port, or ADDRESS:PORT"},
		{"LISTEN=65536", "LISTEN:"},
		{`LISTEN="80 }"`, "LISTEN:"},
		{"TLS_KEY=/k.pem", "TLS_CERTIFICATE and TLS_KEY belong together"},
		{"TLS_CERTIFICATE=cert.pem", "want an absolute path"},
		{"HOST=example.com", "HOST:"},
		{"FIRST_PORT=65535", "there are no more than 65535 ports"},
		{"STAND_IN=8002", "STAND_IN is 8002, which is one of the processes' ports"},
		{"BACKGROUND=1", "want yes or no"},
		{"TIMEOUT=30", "TIMEOUT: want a duration such as 30s"},
		{"DRAIN=-1s", "DRAIN: want a duration such as 30s"},
		{"MAX_BODY=1M", "MAX_BODY: want a size"},
		{"UPSTREAMS=10.0.0.1", "UPSTREAMS:"},
		{"PROXIES=me", "PROXIES: want addresses or networks"},
		{`FLAGS="--log-file 'a b'"`, "FLAGS:"},
		{`FLAGS="--x {y}"`, `"{y}" has a character`},
		{"PROCESSES=0\nBACKGROUND=no", "there is nothing to run"},
	} {
		if _, err := deploy.ReadSettings(withConf(t, tt.conf)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %s", tt.conf, err, tt.want)
		}
	}
}

// TestConfAsShell: a shell reads the same values as this package.
func TestConfAsShell(t *testing.T) {
	product := withConf(t, `# a comment
DOMAIN=shop.example.com
  LISTEN="80 [::]:80"
FLAGS='--strict --allow-origin=https://*.example.com'
DATABASE_FILE=/etc/a@b.d+e-f_g:h
MAX_BODY=2MiB
TLS_KEY=
`)
	settings, err := deploy.ReadSettings(product)
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(product, "deploy.conf")
	content := read(t, conf)
	write(t, conf, strings.ReplaceAll(content, "\n", "\r\n"))
	windows, err := deploy.ReadSettings(product)
	if diff := cmp.Diff(settings, windows, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("lines that end with CR LF: %v\n%s", err, diff)
	}
	write(t, conf, content)
	shell := exec.Command("/bin/sh", "-euc", `. ./deploy.conf; printf '%s|' "$DOMAIN" "$LISTEN" "$FLAGS" "$DATABASE_FILE" "$MAX_BODY" "$TLS_KEY"`)
	shell.Dir = product
	said, err := shell.CombinedOutput()
	ours := fmt.Sprintf("%s|%s|%s|%s|%s|%s|", settings.Domain, strings.Join(settings.Listen, " "), strings.Join(settings.Flags, " "), settings.DatabaseFile, settings.MaxBody, settings.TLSKey)
	if err != nil || string(said) != ours {
		t.Errorf("sh reads %s %v, deploy %s", said, err, ours)
	}
}

// TestShellcheck reads every script of a product.
func TestShellcheck(t *testing.T) {
	need(t, "shellcheck")
	m := productOf(t)
	scripts, err := filepath.Glob(m.file("*.sh"))
	if err != nil || len(scripts) < 4 {
		t.Fatalf("scripts: %q %v", scripts, err)
	}
	check := exec.Command("shellcheck", append([]string{"--external-sources", "--severity=style"}, scripts...)...)
	check.Dir = m.product
	if said, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

// TestRender: the number of processes is one setting, and a product's own template is
// preferred to the default one.
func TestRender(t *testing.T) {
	product := withConf(t, "PROCESSES=3\nFLAGS=--allow-origin=https://%41.example.com\nDATABASE_FILE=/etc/shop/database\nTIMEOUT=1500ms\n")
	render := func(name string) string {
		t.Helper()
		deployment, err := deploy.Load(product, "")
		if err != nil {
			t.Fatal(err)
		}
		piece, err := deploy.FindPiece(name)
		if err != nil {
			t.Fatal(err)
		}
		content, err := deployment.Render(piece)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	const mark = "# apiphant product shop: its deployment replaces and removes this.\n"
	for name, wants := range map[string][]string{
		"supervisor": {
			"\nprograms=shop-8001,shop-8002,shop-8003,shop-background\n", "\n[program:shop-8003]\ncommand=/opt/shop/current/shop serve 127.0.0.1:8003 ",
			"https://%%41.example.com", "\nuser=shop\n", "\nenvironment=APIPHANT_DATABASE_FILE=\"/etc/shop/database\"\n", "\nstopwaitsecs=37\n",
		},
		"nginx":     {"\n\tserver 127.0.0.1:8003 max_fails=0;\n\tserver 127.0.0.1:8900 max_fails=0 backup;\n", "client_max_body_size 1g;", "proxy_read_timeout 30s;"},
		"logrotate": {"/var/log/shop/nginx-*.log {\n\tdaily\n\trotate 30\n\tcompress\n"},
	} {
		rendered := render(name)
		for _, want := range wants {
			if !strings.Contains(rendered, want) {
				t.Errorf("%s is\n%s\nwant in it: %s", name, rendered, want)
			}
		}
		if !strings.HasPrefix(rendered, mark) || strings.Contains(rendered, "myproduct") || strings.Contains(rendered, "<no value>") {
			t.Errorf("%s is\n%s", name, rendered)
		}
	}
	write(t, filepath.Join(product, "nginx/nginx.conf.tmpl"), "# {{.Name}} by hand\n")
	if rendered := render("nginx"); rendered != mark+"# shop by hand\n" {
		t.Errorf("a product's own template is rendered as %s", rendered)
	}
}
