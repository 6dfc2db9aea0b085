package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// BenchmarkServer sends small calls over one connection on loopback and reads
// their answers: the whole way of a call, with the kernel's part in it.
func BenchmarkServer(b *testing.B) {
	type request struct {
		Hello string `json:"hello"`
	}
	api := echo()
	api.Handle("v0/typed", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, r request) (request, error) { return r, nil }),
	})
	api.Handle("v0/raw", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	})})
	address := bare(b, &server.Server{API: api})
	for _, target := range []string{"echo", "typed", "raw"} {
		b.Run(target, func(b *testing.B) { benchmarkCalls(b, address, "/api/v0/"+target+"/read") })
	}
	b.Run("unknown", func(b *testing.B) { benchmarkCalls(b, address, "/api/v0/unknown/read") })
}

// bare serves until the test ends, and logs nothing.
func bare(t testing.TB, s *server.Server) (address string) {
	ln, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.DrainWindow = -1
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func benchmarkCalls(b *testing.B, address, path string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	text, in := []byte(post(path, `{"hello":"world"}`)), make([]byte, 4096)
	if _, err := c.Write(text); err != nil {
		b.Fatal(err)
	}
	size, err := c.Read(in) // all answers are equally long
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(text); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, in[:size]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWatch is what it costs a call to look at its context, over one that
// does not.
func BenchmarkWatch(b *testing.B) {
	api := echo()
	read := func(target string, f func(ctx context.Context)) {
		api.Handle("v0/"+target, apiphant.Actions{
			Read: apiphant.Proc(func(ctx context.Context, _ apiphant.Object) error { f(ctx); return nil }),
		})
	}
	read("none", func(context.Context) {})
	read("err", func(ctx context.Context) { _ = ctx.Err() })
	read("done", func(ctx context.Context) { ctx.Done() })
	address := bare(b, &server.Server{API: api})
	for _, target := range []string{"none", "err", "done"} {
		b.Run(target, func(b *testing.B) { benchmarkCalls(b, address, "/api/v0/"+target+"/read") })
	}
}
