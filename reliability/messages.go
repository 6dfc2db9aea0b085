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
// classes of request smuggling, is sent byte for byte over a connection of its own,
// once as a whole and once in pieces of 7 bytes. Where servers disagree about the end
// of a message, the rest of it is a request to a function that nothing else calls.
// The bar: valid requests are served, each once; the others are answered with a JSON
// error, or not at all, and the connection is closed; nothing calls that function;
// and nothing waits longer than its time-out.
var messages = scenario{
	name:  "messages",
	title: "Messages",
	about: "Raw messages from RFC 9112 and the published classes of request smuggling, each over a connection of its own, once as a whole and once in pieces of 7 bytes. A request is *smuggled* if only a server sees it that misjudges where the message before it ends.",
	run:   runMessages,
}

// outcome counts the answers to a message.
type outcome struct {
	served  int    // answers below 400
	refused int    // answers of 400 and above that are JSON errors
	bare    int    // answers of 400 and above that are not
	hangs   bool   // neither answered completely nor closed in time
	broken  string // why an answer could not be read
}

func runMessages(ctx context.Context, lab *lab) ([]row, error) {
	p, err := lab.serve(ctx, "--header-timeout", testedHeaderTimeout.String())
	if err != nil {
		return nil, err
	}
	return checkMessages(p.address, max(testedHeaderTimeout, bodyGrace)+time.Second)
}

// checkMessages delivers the corpus. A message that is not answered or closed within
// the time-out counts as hanging.
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

// hidden is the number of messages that the HTTP library accepts: a NUL in a chunk
// extension, and the name of a trailer.
const hidden = 2

// maxNamed bounds how many messages are named for one kind of failure.
const maxNamed = 10

// deliver sends a message and reads answers, until there are as many as a valid
// message must get or the connection is closed.
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
		time.Sleep(time.Millisecond) // so that the server mostly reads each piece by itself
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
