package server_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/server"
)

// compressed returns a request to echo with a body that is compressed, in one chunk.
func compressed(body string, headers string) (head, chunks string) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(body))
	_ = w.Close()
	return "POST /api/v0/echo/read HTTP/1.1\r\nHost: test\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n" + headers + "\r\n",
		fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", out.Len(), out.String())
}

// TestDecodedBodiesTakeOfTheBudget of BodyMemory until the call ends, however little
// comes, and in each way of a body.
func TestDecodedBodiesTakeOfTheBudget(t *testing.T) {
	for _, memory := range []int64{0, 300_000} {
		for name, headers := range map[string]string{"json": "", "expect": "Expect: 100-continue\r\n"} {
			t.Run(fmt.Sprint(name, memory), func(t *testing.T) { testDecodedBodies(t, memory, headers) })
		}
	}
}

func testDecodedBodies(t *testing.T, memory int64, headers string) {
	object := `{"a":"` + strings.Repeat("a", 900_000) + `"}`
	api := echo()
	api.AcceptGzip = true
	s := &server.Server{BodyMemory: memory}
	running := start(t, api, s)
	for range 2 {
		c := running.dial()
		head, chunks := compressed(object, headers)
		c.send(head)
		if headers != "" {
			if line, err := c.in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
				t.Fatalf("got %q, %v", line, err)
			}
			_, _ = c.in.Discard(len("\r\n"))
		}
		c.send(chunks)
		switch got := c.receive("POST"); {
		case memory > 0:
			wantOverloaded(t, got)
		case got.status != 200 || got.body != object:
			t.Errorf("got %d with %d bytes", got.status, len(got.body))
		}
	}
	until(t, "all memory is free", func() bool { return s.Stats().BodyMemory == 0 })
	if refused := s.Stats().Shed.Memory; (refused == 2) != (memory > 0) {
		t.Errorf("%d were refused", refused)
	}
	head, chunks := compressed("{}", "")
	if got := running.dial().ask(head + strings.Replace(chunks, "\x1f\x8b", "\x1f\x8c", 1)); got.status != 400 {
		t.Errorf("got %v", got)
	}
	until(t, "the access log says why", func() bool {
		return strings.Contains(running.access.String(), `"reason":"the body is not valid gzip: its header is broken"`)
	})
}
