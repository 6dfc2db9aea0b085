package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// kill: the process gets kill -9 while clients read answers of 16 MB, with a declared
// length and chunked, and of 8 MB of JSON. The bar: no partial answer looks complete
// to net/http's client, which checks lengths and chunks; and every connection ends.
var kill = scenario{
	name:  "kill",
	title: "kill -9 in the middle of answers",
	about: "Clients have read the beginning of large answers when the process is killed, and then read the rest.",
	run:   runKill,
}

// half counts the outcomes of answers that were cut.
type half struct {
	broken int // recognised as incomplete
	whole  []string
	hung   []string
	other  []string // not in the middle of an answer at the kill
}

func runKill(ctx context.Context, lab *lab) ([]row, error) {
	var rows []row
	for _, kind := range []struct {
		what, path string
		bytes      int
		clients    int
	}{
		{"of a declared length", "/api/v0/large/read", 16 << 20, 60},
		{"chunked", "/api/v0/large/update", 16 << 20, 60},
		{"of JSON", "/api/v0/large/create", 8 << 20, 20},
	} {
		var total half
		for range pick(lab, 5, 1) {
			p, err := lab.serve(ctx)
			if err != nil {
				return rows, err
			}
			h := cut(p.address, post(kind.path, fmt.Sprintf(`{"bytes":%d}`, kind.bytes)), kind.clients, maxWait, p.kill)
			total.broken += h.broken
			total.whole = append(total.whole, h.whole...)
			total.hung = append(total.hung, h.hung...)
			total.other = append(total.other, h.other...)
			lab.stopAll()
		}
		rows = append(rows, total.rows(kind.what)...)
	}
	return rows, nil
}

func (h half) rows(what string) []row {
	cut := h.broken + len(h.whole) + len(h.hung)
	measured := none("answers "+what+" that were cut and looked whole", len(h.whole), cut).because(h.whole)
	rest := append(h.hung, h.other...)
	return []row{measured, none("clients that were not told, or not in the middle", len(rest), cut+len(h.other)).because(rest)}
}

// cut lets clients read the beginning of answers, kills the server, and lets them
// read the rest.
func cut(address, request string, clients int, maxWait time.Duration, kill func()) (h half) {
	responses := make([]*http.Response, clients)
	errs := together(clients, clients, func(i int) (err error) {
		responses[i], err = beginReading(address, request, maxWait)
		return err
	})
	kill()
	bodies := make([]error, clients)
	together(clients, clients, func(i int) error {
		if responses[i] != nil {
			_, bodies[i] = io.Copy(io.Discard, responses[i].Body)
			_ = responses[i].Body.Close()
		}
		return nil
	})
	for i, response := range responses {
		switch {
		case response == nil:
		case bodies[i] == nil:
			h.whole = append(h.whole, "net/http took it for whole")
		case isTimeout(bodies[i]):
			h.hung = append(h.hung, bodies[i].Error())
		default:
			h.broken++
		}
	}
	h.other = texts(errs)
	return h
}

// beginReading sends a request and reads the beginning of the answer. Its receive
// buffer is small, so that the rest of the answer is still in the server.
func beginReading(address, request string, maxWait time.Duration) (*http.Response, error) {
	w, err := dial(address)
	if err != nil {
		return nil, err
	}
	_ = w.tcp.SetReadBuffer(256 << 10)
	_ = w.SetDeadline(time.Now().Add(maxWait))
	if _, err := io.WriteString(w, request); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, response.Body, 64<<10); err != nil {
		return nil, err
	}
	response.Body = closing{response.Body, w}
	return response, nil
}

// closing is a body that closes its connection.
type closing struct {
	io.ReadCloser
	conn io.Closer
}

func (c closing) Close() error { return c.conn.Close() }
