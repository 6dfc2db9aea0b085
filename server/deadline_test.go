package server_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// TestSlowReaders: an answer may take long as long as the client accepts some of
// it now and then; who accepts nothing is not waited for.
func TestSlowReaders(t *testing.T) {
	const d, size = 20 * time.Millisecond, 13 << 20 // twice what the system keeps for a client that does not read
	api := echo()
	api.Handle("v0/large", apiphant.Actions{Read: apiphant.Func(func(context.Context, struct{}) (apiphant.Object, error) {
		return apiphant.Object{"a": strings.Repeat("x", size)}, nil
	})})
	s := &server.Server{}
	s.Hurry(d) // 6 d for the next 64 KiB
	running := start(t, api, s)
	for way, end := range ways {
		ask := func() *client {
			c := running.dial()
			_ = c.SetReadBuffer(1 << 20)
			c.send("POST /api/v0/large/read HTTP/1.1\r\nHost: test\r\n" + end)
			return c
		}
		t.Run(way+", nothing is accepted", func(t *testing.T) {
			ask()
			until(t, "the answer waits", func() bool { return strings.Contains(stacks(), "connection.(*Conn).Write(") })
			begun := time.Now()
			until(t, "it is closed, and its memory given back", func() bool { return s.Stats().Connections == 0 && s.Stats().BodyMemory == 0 })
			if took := time.Since(begun); took < 2*d {
				t.Errorf("it was closed after %s, want 6 × %s", took, d)
			}
		})
		t.Run(way+", little now and then", func(t *testing.T) {
			c, got, begun := ask(), 0, time.Now()
			defer c.Close()
			for buffer := make([]byte, 1<<20); got < size; {
				time.Sleep(d) // the client is slow
				n, err := io.ReadAtLeast(c, buffer, len(buffer))
				if got += n; err != nil && got < size {
					t.Fatalf("after %d bytes and %s: %v", got, time.Since(begun), err)
				}
			}
			if took := time.Since(begun); took < 12*d {
				t.Skipf("it took only %s: nothing was waited for", took)
			}
		})
	}
}
