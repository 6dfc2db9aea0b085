package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// BenchmarkRequest is the whole way of a small call without the kernel's part in
// it, beside that of static bytes on fasthttp, which is the limit.
func BenchmarkRequest(b *testing.B) {
	type request struct {
		Hello string `json:"hello"`
	}
	type response struct {
		request
		Server string `json:"server"`
	}
	api := &apiphant.API{}
	api.Handle("v0/echo", apiphant.Actions{Read: apiphant.Func(func(_ context.Context, r apiphant.Object) (apiphant.Object, error) {
		answer := r.Copy()
		answer["server"] = "myproduct"
		return answer, nil
	})})
	api.Handle("v0/typed", apiphant.Actions{Read: apiphant.Func(func(_ context.Context, r request) (response, error) {
		return response{r, "myproduct"}, nil
	})})
	b.Run("static", func(b *testing.B) {
		h := func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("application/json")
			ctx.SetBodyString(`{"hello":"world","server":"myproduct"}`)
		}
		s := &fasthttp.Server{Handler: h, NoDefaultServerHeader: true}
		b.ReportAllocs()
		s.ServeConn(newPlayed(b, post("/api/v0/echo/read", `{"hello":"world"}`)))
	})
	for _, target := range []string{"echo", "typed"} {
		b.Run(target, func(b *testing.B) {
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			c := newPlayed(b, post("/api/v0/"+target+"/read", `{"hello":"world"}`))
			ended := make(chan error)
			s := &server.Server{API: api, DrainWindow: -1, Metrics: server.NewMetrics(api)}
			b.ReportAllocs()
			go func() { ended <- s.Serve(ctx, &onlyListener{c: c, closed: make(chan struct{})}) }()
			<-c.done
			b.StopTimer()
			cancel()
			if err := <-ended; err != nil {
				b.Error(err)
			}
		})
	}
}

// played is a connection on which the same request comes b.N times.
type played struct {
	text string
	left int
	done chan struct{}
}

func newPlayed(b *testing.B, text string) *played {
	return &played{text, b.N, make(chan struct{})}
}

func (c *played) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	c.left--
	return copy(p, c.text), nil
}

func (c *played) Write(p []byte) (int, error) { return len(p), nil }
func (c *played) Close() error                { close(c.done); return nil }

func (*played) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*played) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*played) SetDeadline(time.Time) error      { return nil }
func (*played) SetReadDeadline(time.Time) error  { return nil }
func (*played) SetWriteDeadline(time.Time) error { return nil }

// onlyListener has one connection.
type onlyListener struct {
	c      net.Conn
	closed chan struct{}
}

func (l *onlyListener) Accept() (c net.Conn, err error) {
	if c, l.c = l.c, nil; c != nil {
		return c, nil
	}
	<-l.closed
	return nil, errors.New("closed")
}

func (l *onlyListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *onlyListener) Addr() net.Addr { return &net.TCPAddr{} }
