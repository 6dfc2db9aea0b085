package server

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server/internal/connection"
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
	s.prepare(context.Background())
	s.answers.expected = make([]atomic.Int64, 1) // of the endpoint below
	defer s.watcher.Close()
	s.http.Handler = func(ctx *fasthttp.RequestCtx) {
		c := ctx.Conn().(*singleRequest).conn
		c.match = apiphant.Match{Endpoint: &apiphant.Endpoint{}}
		d := c.openFasthttpDoor(ctx)
		if c.head.AsksToClose() {
			d.response.closeAfter()
		}
		body, err := d.Body()
		taken := Taken{d.Method(), string(c.head.Target), string(c.head.Host), string(body), err == nil}
		if target, err := url.Parse(taken.Target); err == nil && target.Host != "" && taken.Target[0] != '/' {
			taken.Host = target.Host // as httpRequest has it
		}
		if taken.Method == http.MethodConnect {
			taken.Host = taken.Target
		}
		take(c.Transport(), taken)
		if err != nil {
			s.API.Refuse(s.base, d, err)
		} else {
			d.Answer(http.StatusOK, []byte("{}"))
		}
		d.finish()
	}
	l := s.listener(ln)
	for {
		accepted, err := l.Accept()
		if err != nil {
			return err
		}
		go s.open(accepted).serveByFasthttp()
	}
}

// serveByFasthttp is serve without answerJSON.
func (c *conn) serveByFasthttp() {
	defer c.Close()
	leave := func() connection.Verdict {
		if began, _ := c.parseHead(); !began {
			return connection.Wait
		}
		return connection.Leave
	}
	for c.Receive(leave) == connection.Request {
		if err := c.readHead(); err != nil {
			c.answerUnreadable(err)
			return
		}
		if !c.answerByFasthttp() {
			return
		}
	}
}
