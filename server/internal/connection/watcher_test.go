package connection

import (
	"log/slog"
	"net"
	"testing"
)

// BenchmarkWatcher is what watching itself costs: a call that has ended before
// its client was given to the system, and one that was given.
func BenchmarkWatcher(b *testing.B) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	w := NewWatcher(slog.New(slog.DiscardHandler))
	if w == nil {
		b.Skip("clients can't be watched here")
	}
	defer w.Close()
	c := New(client, &Config{})
	give := func() {
		c.watch.mu.Lock()
		defer c.watch.mu.Unlock()
		w.give(c)
	}
	for name, then := range map[string]func(){"short": func() {}, "given": give} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Add(c, func() {})
				then()
				w.Remove(c)
			}
		})
	}
}
