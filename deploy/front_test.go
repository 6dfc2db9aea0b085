//go:build unix

package deploy_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant/deploy"
)

// front deploys nginx alone, as on a machine in front of those that run the API.
func front(t *testing.T, settings map[string]string) *machine {
	t.Helper()
	m := newFront(t, settings)
	m.applyFront()
	return m
}

// newFront is a machine where nginx alone is to be deployed.
func newFront(t *testing.T, settings map[string]string) *machine {
	t.Helper()
	m := newMachine(t)
	m.set("PROCESSES", "0")
	m.set("BACKGROUND", "no")
	for key, value := range settings {
		m.set(key, value)
	}
	if err := os.Remove(m.file("quick-test.sh")); err != nil { // the servers of these tests are no echo
		t.Fatal(err)
	}
	return m
}

// applyFront deploys nginx alone, and returns the output. It must succeed if there are
// no words, and fail with all of them otherwise.
func (m *machine) applyFront(words ...string) (said string) {
	m.t.Helper()
	said, err := m.try((*deploy.Deployment).Apply, deploy.Options{With: []string{"nginx"}})
	if err != nil && len(words) == 0 {
		m.t.Fatalf("%v\n%s", err, said)
	}
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			m.t.Fatalf("error: %v\nwant in it: %s\n%s", err, word, said)
		}
	}
	return said
}

// post sends a request with headers to the API.
func post(t *testing.T, client *http.Client, url, body string, header http.Header) (answer *http.Response, content string) {
	t.Helper()
	request, err := http.NewRequest("POST", url+"/api/v0/echo/read", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		request.Header = header
	}
	answer, err = client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(read)
}

// TestFrontTLS: nginx speaks HTTP/2, redirects requests without TLS, and tells the
// processes the client's true address, whatever headers the client sends.
func TestFrontTLS(t *testing.T) {
	t.Parallel()
	process := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Connection"} {
			fmt.Fprintf(w, "%s=%s\n", name, strings.Join(r.Header[http.CanonicalHeaderKey(name)], "|"))
		}
		fmt.Fprintf(w, "Host=%s %s\n", r.Host, r.Proto)
	}))
	defer process.Close()
	certificate, key := selfSigned(t)
	secure := fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1))
	m := front(t, map[string]string{
		"UPSTREAMS":       process.Listener.Addr().String(),
		"TLS_CERTIFICATE": certificate, "TLS_KEY": key, "TLS_LISTEN": secure,
	})

	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	answer, body := post(t, &http.Client{Transport: transport}, "https://"+secure, "{}", http.Header{
		"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Proto": {"gopher"}, "X-Forwarded-Host": {"evil.example"},
		"X-Real-Ip": {"192.0.2.2"}, "Forwarded": {"for=192.0.2.3"},
	})
	want := "X-Forwarded-For=192.0.2.1, 127.0.0.1\nX-Forwarded-Proto=https\nX-Forwarded-Host=" + secure + "\nX-Real-IP=127.0.0.1\nForwarded=\nConnection=\nHost=" + secure + " HTTP/1.1\n"
	if answer.ProtoMajor != 2 || body != want {
		t.Errorf("over %s:\n%s\nwant over HTTP/2.0:\n%s", answer.Proto, body, want)
	}

	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	_, port, _ := net.SplitHostPort(secure)
	if answer, _ := post(t, stay, "http://"+m.front, "{}", nil); answer.StatusCode != 308 || answer.Header.Get("Location") != "https://127.0.0.1:"+port+"/api/v0/echo/read" {
		t.Errorf("without TLS: %s %s", answer.Status, answer.Header.Get("Location"))
	}
	bad, plain := `{"error":"400 Bad Request"}`, "POST /api/v0/echo/read HTTP/1.1\r\nHost: x\r\n"
	for address, message := range map[string]string{secure: plain + "\r\n", m.front: plain + "Host: x\r\n\r\n"} {
		if got := exchange(t, address, message); got.Status != 400 || got.Type != "application/json" || got.Body != bad {
			t.Errorf("%q: got %+v, want %s", message, got, bad)
		}
	}
}

// TestFrontRetries: nginx tries another process only if nothing of the request was
// sent to the first.
func TestFrontRetries(t *testing.T) {
	t.Parallel()
	refusing := fmt.Sprintf("127.0.0.1:%d", freePorts(t, 1)) // nobody listens there
	var asked, died atomic.Int64
	good := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer good.Close()
	dying := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		died.Add(1)
		panic(http.ErrAbortHandler)
	}))
	defer dying.Close()

	m := front(t, map[string]string{"UPSTREAMS": `"` + refusing + " " + good.Listener.Addr().String() + `"`, "MAX_BODY": "1KiB", "MAX_UPLOAD": "2KiB"})
	for range 10 {
		if answer, body := post(t, http.DefaultClient, "http://"+m.front, "{}", nil); answer.StatusCode != 200 {
			t.Fatalf("one of two processes is down: %s %s", answer.Status, body)
		}
	}
	if n := asked.Load(); n != 10 {
		t.Errorf("10 requests came as %d", n)
	}

	for length, status := range map[int]int{2048: 200, 2049: 413} {
		answer, body := post(t, http.DefaultClient, "http://"+m.front, strings.Repeat("x", length), nil)
		if answer.StatusCode != status || status == 413 && (body != `{"error":"413 Request Entity Too Large"}` || answer.Header.Get("Content-Type") != "application/json") {
			t.Errorf("%d bytes: %s %s %s, want %d", length, answer.Status, answer.Header, body, status)
		}
	}

	m.set("UPSTREAMS", `"`+dying.Listener.Addr().String()+" "+good.Listener.Addr().String()+`"`)
	m.applyFront()
	// nginx was reloaded, which closes the connections of before.
	anew := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	eventually(t, "a process dies of a request", func() bool {
		answer, body := post(t, anew, "http://"+m.front, "{}", nil)
		if died.Load() > 0 && (answer.StatusCode != 502 || body != `{"error":"502 Bad Gateway"}`) {
			t.Errorf("a POST whose process died: %s %s, want 502", answer.Status, body)
		}
		return died.Load() > 0
	})
}

// selfSigned writes a certificate for 127.0.0.1.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	return certificate, key
}

// TestCheck: the programs accept every piece, with default and other settings, and
// reject one with an error in it.
func TestCheck(t *testing.T) {
	t.Parallel()
	need(t, "nginx", "supervisord", "logrotate")
	certificate, key := selfSigned(t)
	tests := []struct {
		name     string
		settings map[string]string
	}{
		{"as it comes", nil},
		{"TLS", map[string]string{"TLS_CERTIFICATE": certificate, "TLS_KEY": key, "TLS_LISTEN": "8443"}},
		{"all", map[string]string{
			"NAME": strings.Repeat("a", 32), "DOMAIN": "a.example.com", "LISTEN": `"80 [::1]:8080"`, "PROCESSES": "40",
			"HOST": "::1", "PROXIES": "::1,10.0.0.0/8", "DATABASE_FILE": "/etc/shop/data@base", "TIMEOUT": "0s", "MAX_BODY": "1000B",
			"MAX_UPLOAD": "3000B", "DRAIN": "1500ms", "FLAGS": `"--strict --allow-origin=https://*.example.com,https://%41.example.com"`,
		}},
		{"processes elsewhere", map[string]string{"PROCESSES": "0", "BACKGROUND": "yes", "UPSTREAMS": `"10.0.0.1:8001 localhost:8001 [::1]:8001"`, "DOMAIN": "x"}},
	}
	if testing.Short() {
		tests = tests[:1]
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := productOf(t)
			for key, value := range tt.settings {
				m.set(key, value)
			}
			said, err := m.check()
			if err != nil || strings.Count(said, ": ok\n") < 3 {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
	if testing.Short() {
		t.Skip("the rest runs the programs some thirty times")
	}
	for _, piece := range deploy.Pieces() {
		t.Run("wrong "+piece.Name, func(t *testing.T) {
			m := productOf(t)
			write(t, m.file(piece.File), read(t, m.file(piece.File))+"\nnonsense {\n")
			said, err := m.check()
			if strings.Contains(said, piece.Name+": skipped") {
				t.Skip(said)
			}
			if err == nil || !strings.Contains(err.Error(), piece.Name+": ") || strings.Contains(said, piece.Name+": ok") {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}

func (m *machine) check() (said string, err error) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), maxWait)
	defer cancel()
	var out strings.Builder
	err = m.load().Check(ctx, &out)
	return out.String(), err
}
