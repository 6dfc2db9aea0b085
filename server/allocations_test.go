//go:build !stdjson

package server_test

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/server"
)

// TestCallAllocations: what a small call allocates in the whole server, from the
// first byte of the request to the last of its answer. What is pooled is now and
// then not there, and there is more in this process than the call, so the fewest
// of many count.
func TestCallAllocations(t *testing.T) {
	type request struct {
		Hello string `json:"hello"`
	}
	api := echo()
	api.Handle("v0/typed", apiphant.Actions{
		Read: apiphant.Func(func(_ context.Context, r request) (request, error) { return r, nil }),
	})
	api.Hosts = []string{"test", "*.example.com"} // which costs none
	address := bare(t, &server.Server{API: api, Metrics: server.NewMetrics(api)})
	for target, most := range map[string]float64{"typed": 5, "echo": 8} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		in := make([]byte, 4096)
		text := []byte(post("/api/v0/"+target+"/read", `{"hello":"world"}`))
		if _, err := c.Write(text); err != nil {
			t.Fatal(err)
		}
		size, err := c.Read(in) // all answers are equally long
		if err != nil {
			t.Fatal(err)
		}
		fewest := 1e9
		for range 200 {
			fewest = min(fewest, testing.AllocsPerRun(1, func() {
				if _, err := c.Write(text); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(c, in[:size]); err != nil {
					t.Fatal(err)
				}
			}))
		}
		if fewest > most {
			t.Errorf("%s: got %v allocations, want at most %v", target, fewest, most)
		}
	}
}
