package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// defaultRecheck is the shortest time between two checks of the files of a
// [Certificate].
const defaultRecheck = time.Second

// Certificate is a certificate chain and its private key, from two files that may be
// replaced while the server runs. At most once a second, a TLS handshake checks whether
// the files have changed, and reads them again if so. If the new files can't be
// used, that is logged, and the previous certificate stays in use. See [LoadCertificate].
type Certificate struct {
	files [2]string // certificate, key
	log   *slog.Logger
	pair  atomic.Pointer[tls.Certificate]

	mu      sync.Mutex
	recheck time.Duration
	looked  time.Time
	seen    [2]os.FileInfo // of the files, at the last check; nil: os.Stat failed
}

// LoadCertificate reads a certificate and its private key from PEM files. certFile has
// the server's certificate first, then the intermediate certificates, if any.
func LoadCertificate(certFile, keyFile string) (*Certificate, error) {
	c := &Certificate{files: [2]string{certFile, keyFile}, log: slog.New(slog.DiscardHandler), recheck: defaultRecheck}
	c.look()
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

// config returns Go's defaults for TLS, with TLS 1.2 as the lowest version, and with
// HTTP/1.1 as the only protocol that ALPN offers.
func (c *Certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil },
	}
}

// current returns the certificate to use. One handshake at a time checks the files. Others
// do not wait for it: they use the certificate that is loaded.
func (c *Certificate) current() *tls.Certificate {
	if c.mu.TryLock() {
		defer c.mu.Unlock()
		if time.Since(c.looked) >= c.recheck && c.look() {
			if err := c.read(); err != nil {
				c.log.Error("The certificate has changed and can't be used, so the one before it stays: " + err.Error())
			} else {
				c.log.Info("The certificate has changed, and is used from now on")
			}
		}
	}
	return c.pair.Load()
}

// look reports whether a file has changed since look was called last. It is called
// before read, so that a change during read is noticed the next time.
func (c *Certificate) look() (changed bool) {
	c.looked = time.Now()
	for i, name := range c.files {
		now, err := os.Stat(name)
		if err != nil {
			now = nil
		}
		before := c.seen[i]
		if (now == nil) != (before == nil) ||
			now != nil && !(os.SameFile(now, before) && now.ModTime().Equal(before.ModTime()) && now.Size() == before.Size()) {
			changed = true
		}
		c.seen[i] = now
	}
	return changed
}

func (c *Certificate) read() error {
	pair, err := tls.LoadX509KeyPair(c.files[0], c.files[1])
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", c.files[0], c.files[1], err)
	}
	c.pair.Store(&pair)
	return nil
}
