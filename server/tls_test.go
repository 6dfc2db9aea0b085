package server_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apiphant/apiphant/server"
)

// files are those of a certificate.
type files struct{ cert, key string }

func newFiles(t *testing.T) files {
	folder := t.TempDir()
	return files{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")}
}

// write makes a certificate for a name, and puts each file in its place at once.
func (f files) write(t *testing.T, name string) {
	t.Helper()
	cert, key := makePair(t, name)
	replace(t, f.cert, cert)
	replace(t, f.key, key)
}

func replace(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

func makePair(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// certificate is one for "test".
func certificate(t *testing.T) *server.Certificate {
	t.Helper()
	f := newFiles(t)
	f.write(t, "test")
	c, err := server.LoadCertificate(f.cert, f.key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var insecure = &tls.Config{InsecureSkipVerify: true}

// secure makes a connection one of TLS.
func (c *client) secure(config *tls.Config) *secured {
	c.t.Helper()
	s := tls.Client(c.TCPConn, config)
	if err := s.Handshake(); err != nil {
		c.t.Fatalf("handshake: %v", err)
	}
	return &secured{Conn: s, below: c, in: bufio.NewReader(s)}
}

type secured struct {
	*tls.Conn
	below *client
	in    *bufio.Reader
}

func (s *secured) ask(request string) (answer, error) {
	if _, err := io.WriteString(s, request); err != nil {
		return answer{}, err
	}
	method, _, _ := strings.Cut(request, " ")
	r, err := http.ReadResponse(s.in, &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return answer{r.StatusCode, r.Header, string(body), r.Close}, err
}

// TestTLS: what clients of many kinds get.
func TestTLS(t *testing.T) {
	api := raw(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS != nil && r.TLS.HandshakeComplete && r.TLS.ServerName == "test", " ", r.Host)
	})
	running := start(t, api, &server.Server{Certificate: certificate(t)})
	s := running.dial().secure(&tls.Config{InsecureSkipVerify: true, ServerName: "test", NextProtos: []string{"h2", "http/1.1"}})
	if state := s.ConnectionState(); state.Version != tls.VersionTLS13 || state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("got version %x and protocol %q, want 1.3 and http/1.1", state.Version, state.NegotiatedProtocol)
	}
	for _, tt := range []struct{ request, want string }{
		{post("/api/v0/echo/read", `{"a":1}`), `200 {"a":1}`},
		{post("/api/v0/raw/read", ``), `200 true test`},
		{post("/api/v0/echo/read", `{"a":"`+strings.Repeat("x", 500_000)+`"}`), `200 {"a":"` + strings.Repeat("x", 500_000) + `"}`},
		{strings.Replace(post("/api/v0/echo/read", ``), "\r\n", "\r\nOrigin: https://test\r\n", 1), `200 {}`},
		{strings.Replace(post("/api/v0/echo/read", ``), "\r\n", "\r\nOrigin: http://test\r\n", 1), refusal(403)},
	} {
		if got, err := s.ask(tt.request); err != nil || got.String() != tt.want {
			t.Errorf("got %.200v and %v, want %.200s", got, err, tt.want)
		}
	}

	t.Run("1.2", func(t *testing.T) {
		s := running.dial().secure(&tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
		if got, err := s.ask(post("/api/v0/echo/read", "")); err != nil || got.String() != "200 {}" {
			t.Errorf("got %v and %v", got, err)
		}
	})
	for name, config := range map[string]*tls.Config{
		"1.1":          {InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10},
		"HTTP/2 alone": {InsecureSkipVerify: true, NextProtos: []string{"h2"}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tls.Client(running.dial(), config).Handshake(); err == nil {
				t.Error("the handshake was made")
			}
		})
	}
	t.Run("no TLS", func(t *testing.T) {
		c := running.dial()
		c.send(post("/api/v0/echo/read", ""))
		got, _ := io.ReadAll(c)
		if strings.HasPrefix(string(got), "HTTP/") {
			t.Errorf("got %q, want no answer", got)
		}
	})
}

// TestTLSHandshakeIsBounded: who is slow at it is closed, and who says nothing
// later; nobody waits for them.
func TestTLSHandshakeIsBounded(t *testing.T) {
	running := start(t, echo(), &server.Server{Certificate: certificate(t), HeaderTimeout: 100 * time.Millisecond, IdleTimeout: time.Second})
	silent, slow := running.dial(), running.dial()
	slow.send("\x16\x03\x01\x02\x00\x01")
	if got, err := running.dial().secure(insecure).ask(post("/api/v0/echo/read", "")); err != nil || got.String() != "200 {}" {
		t.Errorf("another client: got %v and %v", got, err)
	}
	slow.wantClosed()
	silent.wantClosed()
	shaken := running.dial().secure(insecure)
	if rest, err := io.ReadAll(shaken); len(rest) > 0 || err != nil {
		t.Errorf("a client that asks nothing: got %q and %v", rest, err)
	}
}

// TestTLSConnectionAfterBody: an answer over an unread body arrives, since the
// client can send on until it reads.
func TestTLSConnectionAfterBody(t *testing.T) {
	running := start(t, echo(), &server.Server{Certificate: certificate(t)})
	s := running.dial().secure(insecure)
	request := "POST /nothing HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n"
	if _, err := s.Write(append([]byte(request), make([]byte, 16<<20)...)); err != nil {
		t.Errorf("sending: %v", err)
	}
	got, err := s.ask("")
	if err != nil || got.String() != refusal(404) || !got.close {
		t.Errorf("got %v and %v, closing: %t", got, err, got.close)
	}
}

// TestTLSBrokenOff: an answer that fails can't be taken for whole, also where
// its end is the connection's.
func TestTLSBrokenOff(t *testing.T) {
	api := raw(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "some")
		w.(http.Flusher).Flush()
		panic("on purpose")
	})
	running := start(t, api, &server.Server{Certificate: certificate(t)})
	for _, version := range []string{"1.0", "1.1"} {
		s := running.dial().secure(insecure)
		got, err := s.ask("GET /api/v0/raw/read HTTP/" + version + "\r\nHost: test\r\n\r\n")
		if err == nil {
			t.Errorf("HTTP/%s: got %v, want an error", version, got)
		}
	}
}

// TestTLSDrainLosesNothing is TestDrainLosesNothing over TLS, and with clients
// that are in their handshake.
func TestTLSDrainLosesNothing(t *testing.T) {
	const clients = 30
	running := start(t, echo(), (&server.Server{Certificate: certificate(t)}).WaitUntilGone(patience))
	var answered, told, lost atomic.Int64
	var group sync.WaitGroup
	for range clients {
		s := running.dial().secure(insecure)
		group.Go(func() {
			defer s.Close()
			for {
				got, err := s.ask(post("/api/v0/echo/read", `{}`))
				if err != nil || got.status != 200 {
					lost.Add(1)
					return
				}
				answered.Add(1)
				if got.close {
					told.Add(1)
					return
				}
			}
		})
	}
	until(t, "the clients are answered", func() bool { return answered.Load() >= 10*clients })
	running.end()
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
	group.Wait()
	if lost.Load() > 0 || told.Load() != clients {
		t.Errorf("answered %d, lost %d, told to close %d: want none lost, and each of %d told", answered.Load(), lost.Load(), told.Load(), clients)
	}
}

// held is a connection whose first write, of a handshake, waits.
type held struct {
	net.Conn
	begun, goOn chan struct{}
	once        sync.Once
}

func (h *held) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p) // the server's part of the handshake
	h.once.Do(func() {
		close(h.begun)
		<-h.goOn
	})
	return n, err
}

type result struct {
	answer
	err error
}

// TestTLSDrainAnswersWhoIsInTheHandshake, and does not wait for who is silent.
func TestTLSDrainAnswersWhoIsInTheHandshake(t *testing.T) {
	s := &server.Server{Certificate: certificate(t), DrainWindow: -1, Drain: time.Hour, HeaderTimeout: time.Hour, IdleTimeout: time.Hour}
	s.Hurry(2 * time.Second)
	running := start(t, echo(), s)
	h := &held{Conn: running.dial().TCPConn, begun: make(chan struct{}), goOn: make(chan struct{})}
	results := make(chan result, 1)
	go func() {
		conn := tls.Client(h, insecure)
		c := &secured{Conn: conn, in: bufio.NewReader(conn)}
		got, err := c.ask(post("/api/v0/echo/read", `{"a":1}`))
		results <- result{got, err}
	}()
	wait(t, "the handshake has begun", h.begun)
	idle := running.dial().secure(insecure)
	if got, err := idle.ask(post("/api/v0/echo/read", "")); err != nil || got.status != 200 {
		t.Fatalf("got %v and %v", got, err)
	}
	running.end()
	if rest, err := io.ReadAll(idle); len(rest) > 0 || err != nil { // so the drain has begun
		t.Errorf("an idle client: got %q and %v", rest, err)
	}
	close(h.goOn)
	if got := wait(t, "an answer", results); got.err != nil || got.String() != `200 {"a":1}` || !got.close {
		t.Errorf("a client in its handshake: got %v and %v, closing: %t", got, got.err, got.close)
	}
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
}

// halved is a connection that sends the beginning of something, and the rest
// later, once it is told to.
type halved struct {
	net.Conn
	begun, goOn chan struct{}
}

func (h *halved) Write(p []byte) (int, error) {
	if h.begun == nil {
		return h.Conn.Write(p)
	}
	if n, err := h.Conn.Write(p[:10]); err != nil {
		return n, err
	}
	close(h.begun)
	<-h.goOn
	n, err := h.Conn.Write(p[10:])
	return 10 + n, err
}

// TestTLSDrainAnswersWhatHasBegun: a part of a record is no request yet, but
// one is on its way.
func TestTLSDrainAnswersWhatHasBegun(t *testing.T) {
	s := &server.Server{Certificate: certificate(t), DrainWindow: -1, Drain: time.Hour, IdleTimeout: time.Hour}
	s.Hurry(2 * time.Second)
	running := start(t, echo(), s)
	h := &halved{Conn: running.dial().TCPConn}
	conn := tls.Client(h, insecure)
	c := &secured{Conn: conn, in: bufio.NewReader(conn)}
	idle := running.dial().secure(insecure)
	for _, s := range []*secured{c, idle} {
		if got, err := s.ask(post("/api/v0/echo/read", "")); err != nil || got.status != 200 {
			t.Fatalf("got %v and %v", got, err)
		}
	}
	h.begun, h.goOn = make(chan struct{}), make(chan struct{})
	results := make(chan result, 1)
	go func() {
		got, err := c.ask(post("/api/v0/echo/read", `{"a":1}`))
		results <- result{got, err}
	}()
	wait(t, "the request has begun", h.begun)
	running.end()
	if rest, err := io.ReadAll(idle); len(rest) > 0 || err != nil { // so the drain has begun
		t.Errorf("an idle client: got %q and %v", rest, err)
	}
	time.Sleep(5 * time.Millisecond) // a silence longer than an idle connection may keep: it is the time that is tested
	close(h.goOn)
	if got := wait(t, "an answer", results); got.err != nil || got.String() != `200 {"a":1}` || !got.close {
		t.Errorf("got %v and %v, closing: %t", got, got.err, got.close)
	}
}

// TestTLSDrainDoesNotWaitForSilent: who has not begun the handshake does not
// hold Serve up.
func TestTLSDrainDoesNotWaitForSilent(t *testing.T) {
	s := &server.Server{Certificate: certificate(t), DrainWindow: -1, Drain: time.Hour, HeaderTimeout: time.Hour}
	s.Hurry(10 * time.Millisecond)
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gated{ln.(*net.TCPListener), make(chan struct{}), make(chan struct{})}
	running := startAt(t, g, echo(), s)
	var clients []*client
	for i := range 40 { // accepted so late that some begin after they were hurried
		c := running.dial()
		if clients = append(clients, c); i%2 == 0 {
			c.send("\x16\x03\x01\x02\x00\x01")
		}
	}
	running.end()
	wait(t, "the listener is to be closed", g.told)
	close(g.gate)
	for _, c := range clients {
		c.wantClosed()
	}
	if err := wait(t, "Serve ends", running.ended); err != nil {
		t.Error(err)
	}
	running.ended <- nil
}

// TestCertificateChanges on disk, and is used; one that is broken is not.
func TestCertificateChanges(t *testing.T) {
	f := newFiles(t)
	f.write(t, "first")
	c, err := server.LoadCertificate(f.cert, f.key)
	if err != nil {
		t.Fatal(err)
	}
	c.Recheck(0)
	running := start(t, echo(), &server.Server{Certificate: c})
	served := func() string {
		return running.dial().secure(insecure).ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	want := func(name string, logged int) {
		t.Helper()
		if got := served(); got != name {
			t.Errorf("got the certificate of %s, want that of %s", got, name)
		}
		if got := strings.Count(running.log.String(), "can't be used"); got != logged {
			t.Errorf("the log tells %d times of one that can't be used, want %d: %s", got, logged, running.log)
		}
	}
	want("first", 0)
	f.write(t, "second")
	want("second", 0)
	replace(t, f.cert, []byte("no certificate"))
	want("second", 1)
	want("second", 1) // told once
	f.write(t, "third")
	want("third", 1)
	otherCert, otherKey := makePair(t, "fourth")
	replace(t, f.cert, otherCert)
	want("third", 2) // until its key is there, too
	replace(t, f.key, otherKey)
	want("fourth", 2)
	if err := os.Remove(f.key); err != nil {
		t.Fatal(err)
	}
	want("fourth", 3)
	if strings.Contains(running.log.String(), "PRIVATE") {
		t.Error("the log has the key")
	}
}

// TestCertificateIsLookedAtSeldom: not for each handshake.
func TestCertificateIsLookedAtSeldom(t *testing.T) {
	f := newFiles(t)
	f.write(t, "first")
	c, err := server.LoadCertificate(f.cert, f.key)
	if err != nil {
		t.Fatal(err)
	}
	c.Recheck(time.Hour)
	f.write(t, "second")
	running := start(t, echo(), &server.Server{Certificate: c})
	if got := running.dial().secure(insecure).ConnectionState().PeerCertificates[0].Subject.CommonName; got != "first" {
		t.Errorf("got the certificate of %s", got)
	}
}

func TestLoadCertificateFails(t *testing.T) {
	f := newFiles(t)
	if _, err := server.LoadCertificate(f.cert, f.key); err == nil || !strings.Contains(err.Error(), f.cert) {
		t.Errorf("files that are not there: got %v", err)
	}
	f.write(t, "test")
	if _, err := server.LoadCertificate(f.cert, f.cert); err == nil {
		t.Error("a key that is none: got no error")
	}
	_, other := makePair(t, "other")
	replace(t, f.key, other)
	if _, err := server.LoadCertificate(f.cert, f.key); err == nil || strings.Contains(err.Error(), string(other)) {
		t.Errorf("another one's key: got %v", err)
	}
}

// TestTLSWithNetHTTP: a client that would rather speak HTTP/2.
func TestTLSWithNetHTTP(t *testing.T) {
	running := start(t, echo(), &server.Server{Certificate: certificate(t)})
	transport := &http.Transport{TLSClientConfig: insecure, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	for range 3 {
		r, err := http.NewRequestWithContext(context.Background(), "POST", "https://"+running.address+"/api/v0/echo/read", strings.NewReader(`{"a":1}`))
		if err != nil {
			t.Fatal(err)
		}
		got, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		if string(body) != `{"a":1}` || err != nil || got.Proto != "HTTP/1.1" {
			t.Errorf("got %s, %s and %v", got.Proto, body, err)
		}
		got.Body.Close()
	}
}
