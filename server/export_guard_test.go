package server

import (
	"context"
	"net"
	"net/http"
	"net/url"

	"github.com/valyala/fasthttp"
	"go.uber.org/zap"

	"github.com/apiphant/apiphant"
)

// Taken is what the server took for a request.
type Taken struct {
	Method, Target, Host string
	Body                 string
	Whole                bool // the body came to its end
}

// ServeTaken serves with everything of the server except the API: take gets each
// request of a connection.
func (s *Server) ServeTaken(ln net.Listener, take func(net.Conn, Taken)) error {
	s.base, s.log, s.patience = context.Background(), zap.NewNop(), defaultPatience
	s.serving, s.raw = newReserve(), newReserve()
	served := s.fasthttp()
	served.Handler = func(ctx *fasthttp.RequestCtx) {
		d := newDoor(s, ctx)
		d.endpoint = &apiphant.Endpoint{}
		body, err := d.Body()
		request := &ctx.Request.Header
		taken := Taken{d.Method(), string(request.RequestURI()), string(request.Host()), string(body), err == nil}
		if target, err := url.Parse(taken.Target); err == nil && target.Host != "" && taken.Target[0] != '/' {
			taken.Host = target.Host // as httpRequest has it
		}
		if taken.Method == http.MethodConnect {
			taken.Host = taken.Target
		}
		take(d.conn.Conn, taken)
		if err != nil {
			s.API.Refuse(s.base, d, err)
		} else {
			d.Answer(http.StatusOK, []byte("{}"))
		}
		d.finish()
	}
	s.bound(served)
	return s.serveAll(served, s.listener(ln))
}

// WithoutEmptyLines is a stream without those that RFC 9112, 2.2, lets stand
// before a request line.
func WithoutEmptyLines(in []byte) (out []byte) {
	for g := (guard{}); len(in) > 0; {
		skips := g.in == partHead && in[0] == '\r'
		n, _ := g.next(in)
		if n == 0 {
			break
		}
		if !skips {
			out = append(out, in[:n]...)
		}
		in = in[n:]
	}
	return append(out, in...)
}

// Guarded is a connection as fasthttp reads from it.
func Guarded(c net.Conn) net.Conn { return &conn{Conn: c, patience: &defaultPatience} }
