package supervisord

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	const head = `<?xml version='1.0'?><methodResponse><params><param>`
	const end = `</param></params></methodResponse>`
	tests := []struct{ name, answer, want string }{
		{"an int", head + `<value><int>12</int></value>` + end, `12`},
		{"a boolean", head + `<value><boolean>1</boolean></value>` + end, `true`},
		{"a string", head + "<value><string>a &lt;b&gt;\n c</string></value>" + end, "a <b>\n c"},
		{"a string without a type", head + `<value>a</value>` + end, `a`},
		{"a list", head + "<value><array><data>\n<value><int>1</int></value>\n<value>b</value></data></array></value>" + end, `[1 b]`},
		{"no elements", head + `<value><array><data></data></array></value>` + end, `[]`},
		{"a struct", head + "<value><struct>\n<member>\n<name>pid</name>\n<value><int>7</int></value>\n</member>\n</struct></value>" + end, `map[pid:7]`},
		{"a list in a list", head + `<value><array><data><value><array><data><value>a</value></data></array></value></data></array></value>` + end, `[[a]]`},
		{"a fault", `<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>10</int></value></member>` +
			`<member><name>faultString</name><value><string>BAD_NAME: x</string></value></member></struct></value></fault></methodResponse>`, `supervisord says BAD_NAME: x`},
		{"no value", head + end, "the answer has no value"},
		{"no XML", `oops`, "not XML-RPC"},
		{"cut off", head + `<value><array><data><value>`, "unexpected EOF"},
		{"too deep", head + strings.Repeat(`<value><array><data>`, 1000), "nested too deep"},
		{"no number", head + `<value><int>x</int></value>` + end, `invalid syntax`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := decode(strings.NewReader(test.answer))
			if err != nil && strings.Contains(err.Error(), test.want) {
				return
			}
			if text := fmt.Sprint(got); err != nil || text != test.want {
				t.Errorf("got %s, %v, want %s", text, err, test.want)
			}
		})
	}
}

func TestReadSection(t *testing.T) {
	file := filepath.Join(t.TempDir(), "supervisord.conf")
	t.Setenv("SUPERVISOR_NAME", "ann")
	content := "[unix_http_server]\nfile=/x\n; a comment\n[supervisorctl]\r\nserverurl = unix://%(here)s/sock ; where it is\n" +
		"USERNAME: %(ENV_SUPERVISOR_NAME)s\n# another\npassword=a=b%%c;d\n\n[other]\nserverurl=http://elsewhere\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readSection(file, "supervisorctl")
	want := map[string]string{"serverurl": "unix://" + filepath.Dir(file) + "/sock", "username": "ann", "password": "a=b%c;d"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// TestCall asks a server on a unix socket with a password.
func TestCall(t *testing.T) {
	dir := t.TempDir()
	listener, err := net.Listen("unix", dir+"/sock")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ann" || password != "secret" || r.URL.Path != "/RPC2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprint(w, `<methodResponse><params><param><value><int>4711</int></value></param></params></methodResponse>`)
	})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	for password, want := range map[string]string{"secret": "", "wrong": "401"} {
		file := dir + "/" + password
		content := "[supervisorctl]\nserverurl=unix://%(here)s/sock\nusername=ann\npassword=" + password + "\n"
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		client, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		pid, err := client.PID(t.Context())
		if want == "" && (pid != 4711 || err != nil) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %d, %v", password, pid, err)
		}
	}
}
