package serve_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/internal/command"
)

// TestServeSites: the settings of sites, proxies and TLS reach the server.
func TestServeSites(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert := write(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	key := write(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))

	r := served(t, echo(nil), "--tls-cert", cert, "--tls-key", key, "--allow-origin", "https://app.example.com", "--trusted-proxies", "127.0.0.1", "--access-log")
	wantMatch(t, `^Apiphant is serving myproduct/api at https://127\.0\.0\.1:\d+/api\n$`, r.first)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	for origin, want := range map[string]int{"https://app.example.com": 200, "https://other.example.com": 403, "": 200} {
		q, err := http.NewRequestWithContext(t.Context(), "POST", strings.Replace(r.first[strings.Index(r.first, "https"):], "/api\n", "/api/v0/echo/read", 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("X-Forwarded-For", "203.0.113.7")
		if origin != "" {
			q.Header.Set("Origin", origin)
		}
		answer, err := (&http.Client{Transport: transport}).Do(q)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("origin %q: got %s, want %d", origin, answer.Status, want)
		}
	}
	transport.CloseIdleConnections()
	status, log := r.end()
	if status != command.ExitOK || strings.Count(log, `"remote_addr":"203.0.113.7:0"`) != 3 {
		t.Errorf("got status %d and %s", status, log)
	}
	wantMatch(t, `read ended with 403: Forbidden: its origin "https://other.example.com" is neither the host that was asked, "127.0.0.1:\d+", nor one of AllowOrigins \(--allow-origin\)`, log)
}
