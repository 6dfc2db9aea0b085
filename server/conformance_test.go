package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/conformance"
	"github.com/apiphant/apiphant/server"
)

// ways are the ends of a head that let it take fasthttp's way, and the lane where
// it can.
var ways = map[string]string{"fasthttp": "Connection: close\r\n\r\n", "lane": "\r\n"}

func TestServerConforms(t *testing.T) {
	address := serveAPI(t, conformance.API())
	for way, end := range ways {
		t.Run(way, func(t *testing.T) {
			conformance.Run(t, func(t testing.TB, q conformance.Request) conformance.Answer {
				return askRaw(t, address, q, end)
			})
		})
	}
}

func TestStrictServerConforms(t *testing.T) {
	address := serveAPI(t, conformance.StrictAPI())
	for way, end := range ways {
		t.Run(way, func(t *testing.T) {
			conformance.RunStrict(t, func(t testing.TB, q conformance.Request) conformance.Answer {
				return askRaw(t, address, q, end)
			})
		})
	}
}

// serveAPI serves a product of the suite for the time of the test.
func serveAPI(t *testing.T, api *apiphant.API) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(apiphant.WithLog(context.Background(), slog.New(slog.DiscardHandler)))
	served := make(chan error, 1)
	go func() { served <- (&server.Server{API: api, DrainWindow: -1}).Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// askRaw sends the request byte for byte, over a connection of its own.
func askRaw(t testing.TB, address string, q conformance.Request, end string) conformance.Answer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = conn.Write(wire(q, end)) }() // an answer may come before the request is read
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, &http.Request{Method: q.Method})
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return conformance.Answer{Broken: true}
	}
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	return conformance.Answer{Status: answer.StatusCode, Header: answer.Header, Body: body, Broken: err != nil}
}

func wire(q conformance.Request, end string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", q.Method, q.Path)
	if len(q.Header["Host"]) == 0 {
		fmt.Fprint(&b, "Host: localhost\r\n")
	}
	for name, values := range q.Header {
		for _, value := range values {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	if len(q.Body) > 0 || q.Method == http.MethodPost {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(q.Body))
	}
	fmt.Fprint(&b, end)
	b.Write(q.Body)
	return b.Bytes()
}
