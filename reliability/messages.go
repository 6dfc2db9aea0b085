package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// messages: each message of a corpus, from RFC 9112, RFC 9110 and the published
// classes of smuggling, goes over a connection of its own, byte for byte. Where
// servers disagree about where a message ends, its rest is a request to a
// function that nobody calls otherwise. Each comes at once, and again in pieces
// of 7 bytes. The bar: what is valid is served as
// often as it asks, what must be refused is answered with an error of JSON (or
// not at all) and the connection is closed, nothing calls that function, and
// nothing waits longer than its time-out.
var messages = scenario{
	name:  "messages",
	title: "Messages",
	about: "Raw messages from RFC 9112 and the published classes of smuggling, each over a connection of its own, once at once and once in pieces of 7 bytes. *Smuggled* is a request that only a server sees which has cut the bytes wrongly.",
	run:   runMessages,
}

// outcome is what became of a message.
type outcome struct {
	served  int    // answers below 400
	refused int    // answers from 400 on that are JSON errors
	bare    int    // answers from 400 on that are not
	hangs   bool   // neither answered as it should be nor closed in time
	broken  string // what could not be read as an answer
}

func runMessages(ctx context.Context, lab *lab) ([]row, error) {
	p, err := lab.serve(ctx, "--header-timeout", testedHeaderTimeout.String())
	if err != nil {
		return nil, err
	}
	return checkMessages(p.address, max(testedHeaderTimeout, bodyGrace)+time.Second)
}

// checkMessages delivers the corpus; a message hangs that is not done with by
// the end of the time-out.
func checkMessages(address string, timeout time.Duration) ([]row, error) {
	sent := slices.Concat(corpus, corpus)
	outcomes := make([]outcome, len(sent))
	errs := together(len(sent), len(sent), func(i int) (err error) {
		piece := len(sent[i].bytes)
		if i >= len(corpus) {
			piece = 7
		}
		outcomes[i], err = deliver(address, sent[i], piece, timeout)
		return err
	})
	if len(errs) > 0 {
		return nil, errs[0]
	}
	var canary struct{ Calls int }
	if err := call(address, "/api/v0/canary/read", "{}", &canary); err != nil {
		return nil, err
	}
	count := func(what string, valid bool, bar int, is func(message, outcome) bool) row {
		var found []string
		tries := 0
		for i, m := range sent {
			if m.valid() != valid {
				continue
			}
			tries++
			if is(m, outcomes[i]) {
				found = append(found, m.name)
			}
		}
		r := row{what: what, bar: fmt.Sprintf("at most %d", bar), measured: fmt.Sprintf("%d of %d", len(found), tries), met: len(found) <= bar}
		if len(found) > 0 {
			r.measured += ": " + strings.Join(found[:min(len(found), maxNamed)], "; ")
		}
		if len(found) > maxNamed {
			r.measured += "; …"
		}
		return r
	}
	return []row{
		none("smuggled requests", canary.Calls, len(sent)),
		count("valid, and not served", true, 0, func(m message, o outcome) bool {
			return o.served != m.served || o.refused+o.bare > 0 || o.broken != ""
		}),
		count("to be refused, and served", false, hidden, func(_ message, o outcome) bool { return o.served > 0 }),
		count("refused with anything but one error as JSON", false, 0, func(_ message, o outcome) bool {
			return o.served == 0 && (o.refused > 1 || o.bare > 0 || o.broken != "")
		}),
		count("to be refused, and left hanging", false, 0, func(_ message, o outcome) bool { return o.hangs && o.served == 0 }),
	}, nil
}

// hidden is how many of the corpus the HTTP library reads without telling: a
// NUL in a chunk extension, and the name of a trailer.
const hidden = 2

// maxNamed is how many messages are named that went wrong in the same way.
const maxNamed = 10

// deliver sends a message and reads answers until it has as many as a valid one
// must get, or the connection is closed.
func deliver(address string, m message, piece int, timeout time.Duration) (outcome, error) {
	var o outcome
	w, err := dial(address)
	if err != nil {
		return o, err
	}
	defer w.Close()
	for part := range slices.Chunk([]byte(m.bytes), piece) {
		if _, err := w.Write(part); err != nil {
			break // it may be refused before its end
		}
		time.Sleep(time.Millisecond) // so that it is read by itself, mostly
	}
	deadline := time.Now().Add(timeout)
	for !m.valid() || o.served < m.served {
		_ = w.SetReadDeadline(deadline)
		if _, err := w.in.Peek(1); err != nil {
			o.hangs = isTimeout(err)
			return o, nil
		}
		a, err := w.read(time.Until(deadline))
		switch {
		case err != nil:
			o.broken = err.Error()
			return o, nil
		case a.status < http.StatusOK: // 100 Continue
		case a.status < http.StatusBadRequest:
			o.served++
		case a.isError(a.status) == nil:
			o.refused++
		default:
			o.bare++
		}
	}
	return o, nil
}
