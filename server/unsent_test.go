package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// TestRefusedBeforeItsBody: who waits for an answer before sending a body gets
// it, where it does not depend on the body.
func TestRefusedBeforeItsBody(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	api := echo()
	api.Handle("v0/held", apiphant.Actions{Read: apiphant.Proc(func(context.Context, apiphant.Object) error {
		begun <- struct{}{}
		<-release
		return nil
	})})
	patient := &server.Server{MaxRunning: 1}
	patient.Hurry(time.Hour) // a body is waited for as long as that
	running := start(t, api, patient)
	for _, tt := range []struct{ name, line, header, want string }{
		{"no such route", "POST /api/v0/nothing/read", "", refusal(404)},
		{"another method", "PUT /api/v0/echo/read", "", refusal(501)},
		{"another method, the client asks first", "PUT /api/v0/echo/read", "Expect: 100-continue\r\n", refusal(501)},
		{"another site", "POST /api/v0/echo/read", "Origin: https://other.example\r\n", refusal(403)},
		{"health", "POST /healthz", "", `200 {"status":"ok"}`},
		{"no room", "POST /api/v0/echo/read", "", refusal(503)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "no room" {
				busy := running.dial()
				busy.send(post("/api/v0/held/read", ""))
				wait(t, "a call runs", begun)
				defer close(release)
			}
			for _, length := range []int{1, 100, server.MaxSkippedBody, server.MaxSkippedBody + 1, 500_000} {
				c := running.dial()
				c.send(fmt.Sprintf("%s HTTP/1.1\r\nHost: test\r\n%sContent-Length: %d\r\n\r\n", tt.line, tt.header, length))
				if got := c.receive("POST"); got.String() != tt.want {
					t.Errorf("%d bytes: got %v, want %s", length, got, tt.want)
				}
				c.wantClosed()
			}
			c := running.dial()
			c.send(fmt.Sprintf("%s HTTP/1.1\r\nHost: test\r\n%sTransfer-Encoding: chunked\r\n\r\n", tt.line, tt.header))
			if got := c.receive("POST"); got.String() != tt.want {
				t.Errorf("chunks: got %v, want %s", got, tt.want)
			}
			c.wantClosed()
		})
	}
}

// TestBodyAfterItsHead comes in pieces of every size, the head alone before it.
func TestBodyAfterItsHead(t *testing.T) {
	api := echo()
	api.Handle("v0/raw", apiphant.Actions{Read: apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(w, r.Body); err != nil {
			apiphant.WriteError(w, r, err)
		}
	})})
	running := start(t, api, &server.Server{})
	const body = `{"a":"0123456789"}`
	for _, target := range []string{"echo", "raw"} {
		for size := 1; size <= len(body); size++ {
			c := running.dial()
			for range 2 { // the second finds the connection where the first left it
				c.send(fmt.Sprintf("POST /api/v0/%s/read HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n", target, len(body)))
				for rest := body; rest != ""; rest = rest[min(size, len(rest)):] {
					c.send(rest[:min(size, len(rest))])
				}
				if got := c.receive("POST"); got.String() != "200 "+body {
					t.Errorf("%s in pieces of %d: got %v", target, size, got)
				}
			}
		}
		c := running.dial()
		c.send(fmt.Sprintf("POST /api/v0/%s/read HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n", target, len(body)))
		_ = c.CloseWrite() // it is no body of one byte
		if got := c.receive("POST"); got.status == http.StatusOK {
			t.Errorf("%s: got %v for a body that never came", target, got)
		}
	}
}
