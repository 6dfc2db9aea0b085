package server_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/server"
)

// TestRefusedClientsThatStay: a client that has its 503 and does not close its connection
// takes nobody else's place.
func TestRefusedClientsThatStay(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	refuse := server.Refuser(8)
	for i := range 40 {
		client, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		_, _ = io.WriteString(client, post("/api/v0/echo/read", "{}"))
		accepted, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		refuse(accepted)
		_ = client.SetReadDeadline(time.Now().Add(patience))
		if got, err := io.ReadAll(client); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 503 ") {
			t.Fatalf("client %d: got %q, %v, want a 503", i, got, err)
		}
	}
}
